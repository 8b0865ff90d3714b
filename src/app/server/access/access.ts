/** Access to the server: by key, or without a key from this machine only. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Accepts the key as `Authorization: Bearer`, as Azure's endpoints do, or as `api-key`. Compares digests, so that the time
 * taken reveals nothing about the key, not even its length.
 */
export const keyChecker = (key: string): ((headers: IncomingHttpHeaders) => boolean) => {
  const expected = digest(key);
  return ({ authorization, 'api-key': apiKey }) => {
    const bearer = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
    const given = bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
};

/**
 * Whether a request names another host than this machine, where the server listens on loopback only. Against DNS rebinding: another
 * site's page can make a browser send requests to a name that now resolves to 127.0.0.1.
 * @param name of the request, without port; '': none
 */
export const isForeignName = (name: string, host: string): boolean =>
  isLoopback(host) && name !== '' && !isLoopback(name);

/** Whether a host is reachable from this machine only. */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || (ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback');
};
