/** One request to the hub, and what its refusals mean. */
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { proxiedFetch } from '../../io/net/proxied-fetch.js';
import type { HubSettings } from './hub-settings.js';

export interface AskOptions {
  signal: AbortSignal;
  /** First byte that is wanted; 0: all. */
  from?: number;
}

/** Milliseconds until the answer begins. */
const PATIENCE_MS = 30_000;

/**
 * The token goes to the hub alone: on a redirect to another host, fetch leaves it behind (Fetch Standard, HTTP-redirect fetch).
 * @param path below the endpoint, its parts already escaped
 * @throws MODEL_DOWNLOAD_FAILED, the signal's reason
 */
export const askHub = async (settings: HubSettings, path: string, options: AskOptions): Promise<Response> => {
  const url = `${settings.endpoint}/${path}`;
  if (settings.isOffline) {
    throw failed(`${url} is not asked for: HF_HUB_OFFLINE is set. Unset it, or download the model elsewhere first.`);
  }
  const headers = new Headers({ 'user-agent': 'sdxl-refine' });
  if (settings.token !== null) headers.set('authorization', `Bearer ${settings.token}`);
  if (options.from !== undefined && options.from > 0) headers.set('range', `bytes=${options.from}-`);
  const response = await request(url, headers, options.signal);
  if (response.ok) return response;
  await response.body?.cancel();
  throw failed(refusal(url, response, settings));
};

const request = async (url: string, headers: Headers, signal: AbortSignal): Promise<Response> => {
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

const refusal = (url: string, { status, statusText, headers }: Response, { token }: HubSettings): string => {
  const said = headers.get('x-error-message') ?? `HTTP ${status} ${statusText}`.trim();
  const mend: Readonly<Record<number, string>> = {
    401: 'The id may be wrong, or the model wants a token: set HF_TOKEN.',
    403: `${token === null ? 'Set HF_TOKEN, and accept' : 'Accept'} the model's terms on its page first.`,
    404: 'Check the id and the revision.',
    429: 'The hub asks for a pause: try again in a few minutes. What is downloaded is kept.',
  };
  return `${url} was refused: ${said}. ${mend[status] ?? 'Try again later; what is downloaded is kept.'}`;
};

export const failed = (message: string, cause?: unknown): RefineError =>
  new RefineError('MODEL_DOWNLOAD_FAILED', message, { cause });
