/** Sends one request to the hub, and explains its refusals. */
import { RefineError } from '../../errors.js';
import { sendRequest } from '../../io/net/send-request.js';
import type { HubSettings } from './hub-settings.js';

export interface AskOptions {
  signal: AbortSignal;
  /** First byte to send; 0: the whole file. */
  from?: number;
}

const ELSEWHERE =
  'HF_ENDPOINT names a mirror of the hub; a folder downloaded elsewhere is a model too: --model <folder>.';

/**
 * @param path below the endpoint, its segments escaped
 * @throws MODEL_DOWNLOAD_FAILED, the signal's reason
 */
export const askHub = async (settings: HubSettings, path: string, options: AskOptions): Promise<Response> => {
  const url = `${settings.endpoint}/${path}`;
  if (settings.isOffline) {
    throw failed(`${url} is not requested: HF_HUB_OFFLINE is set. Unset it, or download the model elsewhere first.`);
  }
  const { signal, from = 0 } = options;
  const headers = settings.authorization === null ? {} : { authorization: settings.authorization };
  const response = await sendRequest(url, { signal, from, headers, elsewhere: ELSEWHERE, failed });
  if (response.ok) return response;
  await response.body?.cancel();
  throw failed(refusal(url, response, settings));
};

const refusal = (url: string, { status, statusText, headers }: Response, { authorization }: HubSettings): string => {
  const reason = headers.get('x-error-message') ?? `HTTP ${status} ${statusText}`.trim();
  const mend: Readonly<Record<number, string>> = {
    401: 'The id may be wrong, or the model needs a token: set HF_TOKEN.',
    403: `${authorization === null ? 'Set HF_TOKEN, and accept' : 'Accept'} the model's terms on its page first.`,
    404: 'Check the id and the revision.',
    429: 'The hub limits requests: try again in a few minutes. What is downloaded is kept.',
  };
  return `${url} was refused: ${reason}. ${mend[status] ?? 'Try again later; what is downloaded is kept.'}`;
};

export const failed = (message: string, cause?: unknown): RefineError =>
  new RefineError('MODEL_DOWNLOAD_FAILED', message, { cause });
