/** One request of this program's own, and why there was no answer. */
import { messageOf, systemCodeOf, type RefineError } from '../../errors.js';
import { proxiedFetch } from './proxied-fetch.js';

/** An error of the caller's own kind. */
export type Failed = (message: string, cause?: unknown) => RefineError;

export interface RequestOptions {
  signal: AbortSignal;
  /** First byte that is wanted; 0: all. */
  from?: number;
  headers?: Readonly<Record<string, string>>;
  failed: Failed;
}

/** Milliseconds until the answer begins. */
const PATIENCE_MS = 30_000;

/**
 * Credentials among the headers go to the host that is asked alone: on a redirect to another, fetch leaves them behind (Fetch
 * Standard, HTTP-redirect fetch).
 * @returns the answer, whatever its status
 * @throws what `failed` makes, the signal's reason
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
    /* The body outlives this function, so the signal itself is what stops the transfer. */
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
