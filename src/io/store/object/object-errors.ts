/** Errors of opendal, in the store's codes. Its messages have requests' addresses, which may be signed: they are not repeated. */
import { isRefineError, messageOf, RefineError, type ErrorCode } from '../../../errors.js';
import { cutText } from '../../json/json-text.js';

/** What opendal's message says: `NotFound (permanent) at read, context: {… status: 404 …} => S3Error { code: "NoSuchKey", message: "…" }` */
interface Failure {
  kind: string;
  status: number | null;
  /** Code of the service. */
  code: string;
  /** Sentence of the service. */
  sentence: string;
  text: string;
}

const failureOf = (thrown: unknown): Failure => {
  const text = messageOf(thrown);
  const detail = text.slice(Math.max(0, text.indexOf(' => ')));
  const quoted = (name: string): string =>
    new RegExp(`\\b${name}: "((?:[^"\\\\]|\\\\.){0,300})`).exec(detail)?.[1] ?? '';
  const status = /\bstatus: (\d{3})\b/.exec(text)?.[1];
  return {
    kind: /^[A-Za-z]+/.exec(text)?.[0] ?? '',
    status: status === undefined ? null : Number(status),
    code: quoted('code'),
    sentence: quoted('message'),
    text,
  };
};

interface Meaning {
  code: ErrorCode;
  found: string;
  remedy: string;
}

/** Codes of the clouds for a request whose time is too far from theirs. */
const SKEWED = /RequestTimeTooSkewed|RequestExpired|Request date header too old/;
const NO_BUCKET = /NoSuchBucket|ContainerNotFound|ContainerBeingDeleted|bucket does not exist/i;
const NO_CREDENTIAL = /LoadCredential|no valid credential|credential not found/i;

const meaningOf = (failure: Failure, scheme: string): Meaning => {
  const { kind, status, code, sentence, text } = failure;
  const bucket = scheme === 'az' ? 'container' : 'bucket';
  if (SKEWED.test(code) || SKEWED.test(sentence)) {
    return {
      code: 'STORE_DENIED',
      found: "this machine's clock is too far from the store's",
      remedy: `Set the clock (here it is ${new Date().toISOString()})`,
    };
  }
  if (NO_BUCKET.test(code) || NO_BUCKET.test(sentence)) {
    return { code: 'STORE_MISSING', found: `no such ${bucket}`, remedy: `Check its name, or make the ${bucket}` };
  }
  if (NO_CREDENTIAL.test(text)) {
    return { code: 'STORE_DENIED', found: 'no credentials', remedy: CREDENTIALS[scheme] ?? '' };
  }
  if (/region is missing/.test(text)) {
    return { code: 'STORE_DENIED', found: 'no region', remedy: 'Set AWS_REGION to the region of the bucket' };
  }
  if (status === 301 || status === 307 || code === 'AuthorizationHeaderMalformed') {
    return { code: 'STORE_DENIED', found: 'a bucket of another region', remedy: 'Set AWS_REGION to its region' };
  }
  if (status === 401 || status === 403 || kind === 'PermissionDenied') {
    return {
      code: 'STORE_DENIED',
      found: 'access denied',
      remedy: `Give these credentials the right to read, write and list there, or use others. ${CREDENTIALS[scheme] ?? ''}`,
    };
  }
  if (kind === 'RateLimited' || status === 429 || status === 503) {
    return {
      code: 'STORE_THROTTLED',
      found: 'too many requests for the store, after all retries',
      remedy: 'Wait, or run fewer at once; SDXL_REFINE_STORE_RETRIES allows more retries. Finished work is kept',
    };
  }
  if (kind === 'NotFound' || status === 404) {
    return {
      code: 'STORE_MISSING',
      found: `no such object or ${bucket}`,
      remedy: 'Check the names; letter case matters',
    };
  }
  if (kind === 'ConfigInvalid') {
    const arrow = text.indexOf(' => ');
    const why = cutText(arrow === -1 ? text : text.slice(arrow + ' => '.length), 200);
    return { code: 'STORE_DENIED', found: `settings that cannot work (${why})`, remedy: CREDENTIALS[scheme] ?? '' };
  }
  if (/timeout reached/.test(text)) {
    return {
      code: 'STORE_UNAVAILABLE',
      found: 'no answer in time, after all retries',
      remedy: 'Check the network and the endpoint; SDXL_REFINE_STORE_TIMEOUT allows more seconds',
    };
  }
  return {
    code: 'STORE_UNAVAILABLE',
    found: status === null ? 'no connection, or an answer that is none of a store' : `the store's error ${status}`,
    remedy: 'Check the network and the endpoint, and try again. Finished work is kept',
  };
};

const CREDENTIALS: Readonly<Record<string, string>> = {
  s3: "Credentials are AWS's: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the machine's role",
  gs: "Credentials are Google's: GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, or the machine's account",
  az: "Credentials are Azure's: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, or an identity",
};

/**
 * @param what was attempted: `read`, `write`
 * @param place of the object or bucket
 */
export const objectError = (what: string, place: string, thrown: unknown): RefineError => {
  if (isRefineError(thrown)) return thrown;
  const failure = failureOf(thrown);
  const scheme = place.slice(0, place.indexOf(':'));
  const { code, found, remedy } = meaningOf(failure, scheme);
  const said = [failure.code, failure.status === null ? '' : `HTTP ${failure.status}`].filter((part) => part !== '');
  const detail = said.length === 0 ? '' : ` (${said.join(', ')})`;
  return new RefineError(code, `Could not ${what} ${place}: found ${found}${detail}. ${remedy}.`, {
    context: { place, ...(failure.status === null ? {} : { status: failure.status }) },
  });
};

/** The name is taken: a condition of the request did not hold. */
export const isTaken = (thrown: unknown): boolean => failureOf(thrown).kind === 'ConditionNotMatch';

export const isMissing = (thrown: unknown): boolean => {
  const { kind, code } = failureOf(thrown);
  return kind === 'NotFound' && !NO_BUCKET.test(code);
};
