/** One question over HTTP to a service that may be busy: tried again while that can help, and not longer. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { proxiedFetch } from '../../io/net/proxied-fetch.js';

export interface RequestOptions {
  signal: AbortSignal;
  /** As messages call the service. */
  name: string;
  /** Of one try, in milliseconds. */
  timeoutMs?: number;
  tries?: number;
  /** Default: through the environment's proxy. */
  request?: typeof fetch;
  /** Before the second try; it doubles from try to try. */
  firstPauseMs?: number;
}

export interface ServiceAnswer {
  status: number;
  body: string;
}

/** Those that the service's own client tries again (@typespec/ts-http-runtime, throttlingRetryStrategy, exponentialRetryPolicy). */
const isRetryable = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** A service that asks for more patience than this gets no more questions for this row. */
const MAX_RETRY_DELAY_MS = 60_000;

/**
 * @returns the first answer that no other try would better, whatever its status; redirects are not followed: a key must not
 *   travel to another address
 * @throws CONTENT_SAFETY_UNAVAILABLE after the last try, and the signal's reason
 */
export const requestWithRetry = async (
  url: URL,
  init: RequestInit,
  options: RequestOptions,
): Promise<ServiceAnswer> => {
  const { signal, name, tries = 5, firstPauseMs = 500 } = options;
  for (let failed = 1; ; failed++) {
    const { answer, why, retryAfterMs } = await tryOnce(url, init, options);
    if (answer !== null) return answer;
    const pause = retryAfterMs ?? withJitter(firstPauseMs * 2 ** (failed - 1));
    if (failed === tries || pause > MAX_RETRY_DELAY_MS) {
      const asked = failed === 1 ? 'once' : `${failed} times`;
      const message = `Expected an answer of ${name} at ${url.origin}, got none (${why}; tried ${asked}). Try again later, or let such rows pass with --safety-fail open.`;
      throw new RefineError('CONTENT_SAFETY_UNAVAILABLE', message);
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
};

interface Try {
  answer: ServiceAnswer | null;
  why: string;
  /** What the service asked for. */
  retryAfterMs: number | null;
}

const tryOnce = async (
  url: URL,
  init: RequestInit,
  { signal, timeoutMs = 20_000, request = proxiedFetch }: RequestOptions,
): Promise<Try> => {
  signal.throwIfAborted();
  /* One controller for both reasons to stop: every AbortSignal.any leaves something behind on a long-lived signal. */
  const stop = new AbortController();
  const abort = (): void => {
    stop.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  try {
    const response = await request(url, { ...init, redirect: 'manual', signal: stop.signal });
    const { status, headers } = response;
    const body = await response.text();
    if (!isRetryable(status)) return { answer: { status, body }, why: '', retryAfterMs: null };
    return { answer: null, why: `HTTP ${status}`, retryAfterMs: readRetryAfter(headers, Date.now()) };
  } catch (thrown) {
    signal.throwIfAborted();
    if (stop.signal.aborted)
      return { answer: null, why: `no response within ${timeoutMs / 1000} s`, retryAfterMs: null };
    /* fetch says only "fetch failed"; its cause says why. */
    const cause = (thrown as { cause?: unknown }).cause ?? thrown;
    return { answer: null, why: messageOf(cause) || (systemCodeOf(cause) ?? 'no connection'), retryAfterMs: null };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
};

/** Between half and all of it, so that many clients do not come back at once. */
const withJitter = (milliseconds: number): number => milliseconds * (1 - randomInt(500) / 1000);

/** What `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After` (seconds or a date) asks for; null: nothing that can be read. */
const readRetryAfter = (headers: Headers, now: number): number | null => {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const text = headers.get(name) ?? '';
    if (/^\d+$/.test(text)) return Number(text);
  }
  const text = headers.get('retry-after') ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
};
