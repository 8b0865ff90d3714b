/** Sends one of the program's own requests, and explains a missing response. */
import { messageOf, systemCodeOf, type RefineError } from '../../errors.js';
import { proxiedFetch } from './proxied-fetch.js';

/** Makes an error with the caller's code. */
export type Failed = (message: string, cause?: unknown) => RefineError;

export interface RequestOptions {
  signal: AbortSignal;
  /** First byte wanted; 0 for the whole body. */
  from?: number;
  headers?: Readonly<Record<string, string>>;
  failed: Failed;
}

/** Limit until the response begins, in milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * Credentials among the headers go only to the requested host: fetch drops them on a redirect to another (Fetch Standard,
 * HTTP-redirect fetch).
 * @returns the response, with any status
 * @throws the error of `failed`, the signal's reason
 */
export const sendRequest = async (
  url: string,
  { signal, from = 0, headers: given = {}, failed }: RequestOptions,
): Promise<Response> => {
  const headers = { 'user-agent': 'sdxl-refine', ...given, ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  const patience = new AbortController();
  const stop = (): void => {
    patience.abort(signal.reason);
  };
  const timer = setTimeout(() => {
    patience.abort();
  }, PATIENCE_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    /* The caller reads the body later, so the transfer itself has the caller's signal. */
    return await Promise.race([proxiedFetch(url, { headers, signal }), aborted(patience.signal)]);
  } catch (thrown) {
    signal.throwIfAborted();
    /* fetch says only "fetch failed"; its cause says why. */
    const cause = (thrown as { cause?: unknown }).cause ?? thrown;
    const reason = messageOf(cause) || (systemCodeOf(cause) ?? 'no connection');
    throw failed(`${url} cannot be reached: ${reason}. Try again; what is downloaded is kept.`, thrown);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
};

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`));
    });
  });
