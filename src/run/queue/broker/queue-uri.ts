/** The place of a queue: `redis://…` or `postgres://…`. */
import { RefineError } from '../../../errors.js';

export interface QueuePlace {
  kind: 'redis' | 'postgres';
  /** As the library takes it, with credentials. */
  uri: string;
  /** For messages: scheme, host, port and database, without credentials and options. */
  shown: string;
}

/** Valkey speaks Redis' protocol. */
const SCHEMES: Readonly<Record<string, readonly [QueuePlace['kind'], scheme: string]>> = {
  redis: ['redis', 'redis'],
  rediss: ['redis', 'rediss'],
  valkey: ['redis', 'redis'],
  valkeys: ['redis', 'rediss'],
  postgres: ['postgres', 'postgres'],
  postgresql: ['postgres', 'postgres'],
};

const EXPECTED =
  'Expected --queue to be redis://<host>:6379 (rediss:// with TLS) or postgres://<user>@<host>/<database>';

/** @throws QUEUE_URI_INVALID; its message does not repeat the URI, which may have a password */
export const parseQueueUri = (text: string): QueuePlace => {
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase() ?? '';
  const known = SCHEMES[scheme];
  if (known === undefined) {
    const found = scheme === '' ? 'a text without a scheme' : `the scheme ${scheme}://`;
    throw new RefineError('QUEUE_URI_INVALID', `${EXPECTED}, found ${found}.`);
  }
  const [kind, own] = known;
  const uri = own + text.slice(scheme.length);
  const url = URL.canParse(uri) ? new URL(uri) : null;
  if (url === null || (kind === 'redis' && url.hostname === '') || hasStrayPassword(kind, url)) {
    const hint = 'Characters such as "/", "#" and "@" of a password are written as %2F, %23 and %40';
    throw new RefineError('QUEUE_URI_INVALID', `${EXPECTED}, found a ${scheme}:// URI that cannot be read. ${hint}.`);
  }
  if (kind === 'redis' && !/^\/?(?:\d{1,5})?$/.test(url.pathname)) {
    throw new RefineError(
      'QUEUE_URI_INVALID',
      `${EXPECTED}; the path of a ${scheme}:// URI is the number of a database, such as /0. Remove the rest.`,
    );
  }
  return { kind, uri, shown: `${own}://${url.host}${url.pathname === '/' ? '' : url.pathname}` };
};

/** A "/", "?" or "#" in a password ends the host for a URL, and what follows would be shown as a path. */
const hasStrayPassword = (kind: QueuePlace['kind'], { username, pathname, search, hash }: URL): boolean =>
  hash !== '' ||
  pathname.includes('@') ||
  (username === '' &&
    search.split('&').some((part) => part.includes('@') && !(kind === 'postgres' && LOGIN.test(part))));

/** PostgreSQL's URIs may have the login among their options, where an "@" needs no escape. */
const LOGIN = /^\??(?:user|password)=/;
