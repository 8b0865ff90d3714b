/** Sends one of the program's own requests, and explains a missing response. */
import { messageOf, systemCodeOf, type RefineError } from '../../errors.js';
import { proxiedFetch } from './proxied-fetch.js';
import { redactUrl } from './shown-url.js';

/** Makes an error with the caller's code. */
export type Failed = (message: string, cause?: unknown) => RefineError;

export interface RequestOptions {
  signal: AbortSignal;
  /** First byte wanted; 0 for the whole body. */
  from?: number;
  headers?: Readonly<Record<string, string>>;
  /** What helps where there is no way to the host: a sentence. */
  elsewhere?: string;
  failed: Failed;
  /** Limit until the response begins. */
  patienceMs?: number;
}

/** Trying again does not help. */
const NO_WAY = ['ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'];

const PATIENCE_MS = 30_000;

/**
 * Credentials among the headers go only to the requested host: fetch drops them on a redirect to another (Fetch Standard,
 * HTTP-redirect fetch).
 * @returns the response, with any status
 * @throws the error of `failed`, the signal's reason
 */
export const sendRequest = async (
  url: string,
  { signal, from = 0, headers: given = {}, elsewhere = '', failed, patienceMs = PATIENCE_MS }: RequestOptions,
): Promise<Response> => {
  const headers = { 'user-agent': 'sdxl-refine', ...given, ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort(new Error(`no answer within ${patienceMs / 1000} s`));
  }, patienceMs);
  try {
    /* The caller reads the body later: then only its own signal is left. */
    return await proxiedFetch(url, { headers, signal: AbortSignal.any([signal, patience.signal]) });
  } catch (thrown) {
    signal.throwIfAborted();
    /* fetch says only "fetch failed"; its cause says why. */
    const cause = (thrown as { cause?: unknown }).cause ?? thrown;
    const shown = redactUrl(url);
    const reason = (messageOf(cause) || (systemCodeOf(cause) ?? 'no connection')).replaceAll(url, shown);
    const mend = NO_WAY.includes(systemCodeOf(cause) ?? '')
      ? `Check the network; HTTPS_PROXY names a proxy.${elsewhere === '' ? '' : ` ${elsewhere}`}`
      : 'Try again; a download goes on where it stopped.';
    throw failed(`${shown} cannot be reached: ${reason}. ${mend}`, thrown);
  } finally {
    clearTimeout(timer);
  }
};
