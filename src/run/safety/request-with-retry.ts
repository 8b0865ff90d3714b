/** An HTTP request to a service that may be busy: tried again while that can help. */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RefineError, systemCodeOf } from '../../errors.js';
import { proxiedFetch } from '../../io/net/proxied-fetch.js';
import { readAnswer } from '../../io/net/read-answer.js';

export interface RequestOptions {
  signal: AbortSignal;
  /** The service's name in messages. */
  name: string;
  /** Limit of one try, in milliseconds. */
  timeoutMs?: number;
  tries?: number;
  /** Default: through the environment's proxy. */
  request?: typeof fetch;
  /** Pause before the second try, in milliseconds; it doubles with each try. */
  firstPauseMs?: number;
}

export interface ServiceAnswer {
  status: number;
  body: string;
}

/** As in the service's own client (@typespec/ts-http-runtime, throttlingRetryStrategy, exponentialRetryPolicy). */
const isRetryable = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Answers have some kilobytes. */
const MAX_ANSWER_BYTES = 2 ** 20;

/** If the service asks for a longer delay, the row gets no more tries. */
const MAX_RETRY_DELAY_MS = 60_000;

/**
 * @returns the first answer with a status that is not tried again; redirects are not followed, so that a key does not reach
 *   another address
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
  /** Delay that the service asked for. */
  retryAfterMs: number | null;
}

const tryOnce = async (
  url: URL,
  init: RequestInit,
  { signal, timeoutMs = 20_000, request = proxiedFetch }: RequestOptions,
): Promise<Try> => {
  signal.throwIfAborted();
  /* One controller for both reasons to stop: AbortSignal.any leaks memory on a long-lived signal. */
  const stop = new AbortController();
  const abort = (): void => {
    stop.abort();
  };
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  try {
    const response = await request(url, { ...init, redirect: 'manual', signal: stop.signal });
    const { status, headers } = response;
    const body = await readAnswer(response, MAX_ANSWER_BYTES);
    if (body === null) {
      return { answer: null, why: `an answer of more than ${MAX_ANSWER_BYTES} bytes`, retryAfterMs: null };
    }
    if (!isRetryable(status)) return { answer: { status, body: body.toString() }, why: '', retryAfterMs: null };
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

/** A random delay between half and all of it, so that many clients do not return at once. */
const withJitter = (milliseconds: number): number => milliseconds * (1 - randomInt(500) / 1000);

/** Delay in `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After` (seconds or a date), in milliseconds; null if none is readable. */
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
