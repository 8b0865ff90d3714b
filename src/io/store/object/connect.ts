/** A connection to a bucket: opendal's operator with its layers. */
import { RefineError } from '../../../errors.js';
import type { Environment } from '../../files/cache-folders.js';
import { nonEmpty } from '../../files/cache-folders.js';
import { formatStoreUri, type StorePlace } from '../store-uri.js';
import { objectError } from './object-errors.js';
import { loadOpendal, type Operator } from './opendal.js';
import { serviceOf } from './service-options.js';

/** Requests at a time, and connections. */
const REQUESTS = 16;
/** A request may take this long; a picture of 50 MB then needs 7 Mbit/s. */
const TIMEOUT_S = 60;
const RETRIES = 5;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 20_000;

/**
 * One attempt is timed, then repeated with growing pauses where the error may pass: a lost connection, an answer that asks to
 * slow down, an error of the server.
 * @throws STORE_LIBRARY_MISSING, STORE_DENIED, STORE_URI_INVALID, USAGE_OPTION_INVALID
 */
export const connect = async (place: StorePlace, env: Environment): Promise<Operator> => {
  const timeoutMs = 1000 * numberOf(env, 'SDXL_REFINE_STORE_TIMEOUT', { least: 1, most: 3600, default: TIMEOUT_S });
  const retries = numberOf(env, 'SDXL_REFINE_STORE_RETRIES', { least: 0, most: 100, default: RETRIES });
  const { service, options } = serviceOf(place, env);
  const { Operator, TimeoutLayer, RetryLayer, ConcurrentLimitLayer } = await loadOpendal();
  const timeout = Object.assign(new TimeoutLayer(), { timeout: timeoutMs, ioTimeout: timeoutMs });
  const retry = Object.assign(new RetryLayer(), {
    maxTimes: retries,
    minDelay: FIRST_DELAY_MS,
    maxDelay: LONGEST_DELAY_MS,
    factor: 2,
    jitter: true,
  });
  try {
    return new Operator(service, options)
      .layer(timeout.build())
      .layer(retry.build())
      .layer(new ConcurrentLimitLayer(REQUESTS).build());
  } catch (thrown) {
    throw objectError('open', formatStoreUri(place), thrown);
  }
};

const numberOf = (
  env: Environment,
  variable: string,
  { least, most, default: otherwise }: Record<'least' | 'most' | 'default', number>,
): number => {
  const text = nonEmpty(env[variable]);
  if (text === null) return otherwise;
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected an integer from ${least} to ${most} in ${variable}, found ${JSON.stringify(text)}. Correct it, or unset it.`,
    { context: { variable } },
  );
};
