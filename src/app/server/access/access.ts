/** Who may ask: the holder of the key, or where there is none, this machine. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import ipaddr from 'ipaddr.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The key may come as `Authorization: Bearer`, as Azure's endpoints take it, or as `api-key`. Digests are compared, so that
 * the time taken says nothing of the key, not even its length.
 */
export const keyChecker = (key: string): ((headers: IncomingHttpHeaders) => boolean) => {
  const expected = digest(key);
  return ({ authorization, 'api-key': apiKey }) => {
    const bearer = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1];
    const given = bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
};

/** Whether a host to listen on is this machine alone. */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || (ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback');
};
