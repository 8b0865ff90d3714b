/** HTTP requests to public addresses only, for URLs that clients name (against SSRF). */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { RefineError } from '../../../errors.js';
import { isPublicAddress } from './public-address.js';

export type Resolve = (
  host: string,
  options: { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface Guard {
  resolve?: Resolve;
  isAllowed?: (address: string) => boolean;
}

/** Statuses of responses without a body (Fetch standard, "null body status"). */
const BODILESS = [204, 205, 304];
const PICTURE_TYPE = /^\s*(?:image\/[\w.+-]+|application\/octet-stream|binary\/octet-stream)\s*(?:;|$)/i;

/**
 * A `fetch` of one request, for `FetchOptions.request`. Connects to the checked address, because the name may resolve to
 * another address later; refuses a name if any of its addresses is not public.
 * Rejects with URL_FORBIDDEN, IMAGE_FETCH_FAILED (the response is not a picture), or network errors.
 */
export const guardedRequest = ({ resolve = systemLookup, isAllowed = isPublicAddress }: Guard = {}): typeof fetch => {
  const lookup = checkedLookup(resolve, isAllowed);
  return (input, init) =>
    new Promise((settle, reject) => {
      const url = new URL(typeof input === 'string' || input instanceof URL ? input : input.url);
      /* Node connects to a literal address without calling `lookup`. */
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(host) !== 0 && !isAllowed(host)) throw forbidden(url.hostname);
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request: ClientRequest = send(url, {
        /* No shared connections, so that each one's address is checked. */
        agent: false,
        lookup,
        signal: init?.signal ?? undefined,
        headers: { ...(init?.headers as Record<string, string>), accept: 'image/*', 'accept-encoding': 'identity' },
      });
      request.on('error', reject);
      request.on('response', (answer) => {
        const response = Promise.resolve().then(() => toResponse(answer, url));
        response.catch(() => request.destroy());
        settle(response);
      });
      request.end();
    });
};

const checkedLookup =
  (resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction =>
  (host, options, done) => {
    resolve(host, { all: true }, (error, addresses) => {
      const problem = error ?? (addresses.every(({ address }) => isAllowed(address)) ? null : forbidden(host));
      if (problem !== null) done(problem, []);
      else if (options.all === true) done(null, addresses);
      else done(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };

const toResponse = (answer: IncomingMessage, url: URL): Response => {
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer;
  const type = answer.headers['content-type'];
  if (status === 200 && type !== undefined && !PICTURE_TYPE.test(type)) {
    const message = `${url.origin}${url.pathname} is not a picture: the server sends ${type.slice(0, 100)}. Give the picture's own URL.`;
    throw new RefineError('IMAGE_FETCH_FAILED', message);
  }
  const headers = new Headers();
  for (const name of ['content-type', 'content-length', 'location']) {
    const value = answer.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  if (!BODILESS.includes(status)) {
    return new Response(Readable.toWeb(answer) as ReadableStream, { status, statusText, headers });
  }
  answer.resume();
  return new Response(null, { status, statusText, headers });
};

const forbidden = (host: string): RefineError =>
  new RefineError(
    'URL_FORBIDDEN',
    `${host} is not on the public internet, so it is not fetched. Send the picture itself.`,
    {
      context: { host },
    },
  );
