import { RefineError, isRefineError, messageOf, systemCodeOf } from '../../errors.js';
import { proxiedFetch } from '../../io/net/proxied-fetch.js';
import { redactUrl } from '../../io/net/shown-url.js';
import { FETCH_TIMEOUT_MS, MAX_FETCH_BYTES, MAX_REDIRECTS } from './limits.js';

export interface FetchOptions {
  /** Ends the transfer with `CANCELLED`. */
  signal?: AbortSignal;
  maxBytes?: number;
  /** Called with the size of each part received; an error that it throws ends the transfer. */
  onBytes?: (count: number) => void;
  timeoutMs?: number;
  /**
   * Makes one request without following redirects; a guard here sees the URL of every hop. Default: `proxiedFetch`, which
   * is for URLs that the user of this machine names.
   */
  request?: typeof fetch;
}

/**
 * Bytes at an `http(s)` URL, in memory. Follows redirects itself to check the scheme of each.
 * Fails with `IMAGE_NOT_FOUND` (404, 410), `IMAGE_TOO_LARGE`, `IMAGE_UNREADABLE` (no bytes) or `IMAGE_FETCH_FAILED`. Messages and
 * contexts omit the query, where signed URLs have their secret.
 */
export async function fetchPicture(url: string, options: FetchOptions = {}): Promise<Uint8Array> {
  const { signal, maxBytes = MAX_FETCH_BYTES, onBytes, timeoutMs = FETCH_TIMEOUT_MS, request = proxiedFetch } = options;
  const where = redactUrl(url);
  // One controller for both reasons to stop: every AbortSignal.any leaks a listener on a long-lived signal.
  const stop = new AbortController();
  const abort = (): void => {
    stop.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener('abort', abort);
  try {
    if (signal?.aborted) abort();
    return await readBody(await follow(url, request, stop.signal), { maxBytes, onBytes }, where);
  } catch (thrown) {
    if (signal?.aborted) throw new RefineError('CANCELLED', `Stopped while fetching ${where}.`);
    if (isRefineError(thrown)) throw thrown;
    if (stop.signal.aborted) throw failed(where, `it took longer than ${timeoutMs / 1000} s`);
    // fetch's message is only "fetch failed"; its cause has the reason, as a code without text where several addresses failed.
    const cause = (thrown as { cause?: unknown }).cause ?? thrown;
    throw failed(where, messageOf(cause) || (systemCodeOf(cause) ?? 'no connection'), thrown);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** The first response that is not a redirect, if it is a success. */
async function follow(url: string, request: typeof fetch, signal: AbortSignal): Promise<Response> {
  let next = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const target = checked(next);
    const response = await request(target.href, {
      redirect: 'manual',
      signal,
      headers: { 'user-agent': 'sdxl-refine' },
    });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || location === null) throw refused(target.href, response);
    next = URL.canParse(location, target.href) ? new URL(location, target).href : location;
  }
  throw failed(redactUrl(url), `it redirects more than ${MAX_REDIRECTS} times`);
}

function checked(url: string): URL {
  if (!URL.canParse(url)) throw failed(redactUrl(url), 'it is not a valid URL');
  const parsed = new URL(url);
  if (!/^https?:$/.test(parsed.protocol)) throw failed(redactUrl(url), 'only http and https are fetched');
  if (parsed.username || parsed.password)
    throw failed(redactUrl(url), 'a URL with a user name or password is not fetched');
  return parsed;
}

async function readBody(
  response: Response,
  { maxBytes, onBytes }: { maxBytes: number; onBytes: FetchOptions['onBytes'] | undefined },
  where: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const announced = Number(response.headers.get('content-length'));
  if (announced > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(where, maxBytes);
  }
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(where, maxBytes);
    onBytes?.(chunk.length);
    chunks.push(chunk);
  }
  if (length === 0) {
    throw new RefineError(
      'IMAGE_UNREADABLE',
      `Expected a picture from ${where}, got an empty response. Check the URL.`,
      { context: { url: where } },
    );
  }
  return Buffer.concat(chunks, length);
}

function refused(url: string, { status, statusText }: Response): RefineError {
  const where = redactUrl(url);
  if (status !== 404 && status !== 410) return failed(where, `the server answered ${status} ${statusText}`.trim());
  const message = `There is no picture at ${where} (HTTP ${status}). Check the URL.`;
  return new RefineError('IMAGE_NOT_FOUND', message, { context: { url: where, status } });
}

function tooLarge(where: string, limit: number): RefineError {
  const message = `Expected at most ${limit} bytes from ${where}, got more. Download the picture and give its path, or a smaller one.`;
  return new RefineError('IMAGE_TOO_LARGE', message, { context: { url: where, limit } });
}

function failed(where: string, reason: string, cause?: unknown): RefineError {
  const message = `${where} cannot be fetched: ${reason}. Try it in a browser, or download the picture and give its path.`;
  return new RefineError('IMAGE_FETCH_FAILED', message, { context: { url: where }, cause });
}
