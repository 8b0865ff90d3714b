/** The errors of the program: their codes, whether they end a row or the run, and their exit codes. */
import { hideUriSecrets } from './records/uri-secrets.js';

/** `[scope, exit code]` of every code. A row error fails its row, and the run continues. */
const CODES = {
  USAGE_OPTION_INVALID: ['run', 2],
  USAGE_CONFLICT: ['run', 2],
  SHARD_UNDETERMINED: ['run', 2],
  MANIFEST_UNREADABLE: ['run', 3],
  MANIFEST_SYNTAX: ['run', 3],
  MANIFEST_KEY_UNKNOWN: ['run', 3],
  MANIFEST_EMPTY: ['run', 3],
  MERGE_HOLES: ['run', 3],
  MERGE_DOUBLES: ['run', 3],
  MERGE_MIXED: ['run', 3],
  ROW_SYNTAX: ['row', 1],
  ROW_FIELD_INVALID: ['row', 1],
  ROW_FIELD_MISSING: ['row', 1],
  ROW_DUPLICATE_ID: ['row', 1],
  ROW_DUPLICATE_OUTPUT: ['row', 1],
  OUTPUT_IS_INPUT: ['row', 1],
  OUTPUT_TAKEN: ['row', 1],
  OUTPUT_OBSTRUCTED: ['row', 1],
  IMAGE_NOT_FOUND: ['row', 1],
  IMAGE_UNREADABLE: ['row', 1],
  IMAGE_UNDECODABLE: ['row', 1],
  IMAGE_TOO_LARGE: ['row', 1],
  IMAGE_FETCH_FAILED: ['row', 1],
  LATENTS_INVALID: ['row', 1],
  CONTENT_SAFETY_UNAVAILABLE: ['row', 1],
  CONTENT_SAFETY_SETUP: ['run', 2],
  MODEL_NOT_FOUND: ['run', 4],
  MODEL_KIND_WRONG: ['run', 4],
  MODEL_DOWNLOAD_FAILED: ['run', 4],
  MODEL_CONFIG_UNSUPPORTED: ['run', 4],
  MODEL_CONFIG_INVALID: ['run', 4],
  LORA_UNSUITABLE: ['run', 4],
  EMBEDDING_UNSUITABLE: ['run', 4],
  WEIGHTS_HEADER_INVALID: ['run', 4],
  WEIGHTS_FILE_MISSING: ['run', 4],
  WEIGHTS_TENSOR_MISSING: ['run', 4],
  WEIGHTS_SHAPE: ['run', 4],
  WEIGHTS_DTYPE: ['run', 4],
  DEVICE_UNAVAILABLE: ['run', 5],
  LIBRARY_DOWNLOAD_FAILED: ['run', 5],
  SESSION_CREATE: ['run', 5],
  ENGINE_START: ['run', 5],
  ENGINE_CRASHED: ['row', 1],
  ENGINE_STALLED: ['row', 1],
  WORKER_DIED: ['row', 1],
  SESSION_RUN: ['row', 1],
  INFERENCE_NON_FINITE: ['row', 1],
  OUTPUT_EXISTS: ['run', 6],
  OUTPUT_OTHER_RUN: ['run', 6],
  OUTPUT_LOCKED: ['run', 6],
  OUTPUT_UNWRITABLE: ['run', 6],
  STORE_URI_INVALID: ['run', 2],
  STORE_LIBRARY_MISSING: ['run', 2],
  STORE_MISSING: ['run', 6],
  STORE_DENIED: ['run', 6],
  STORE_THROTTLED: ['run', 6],
  STORE_UNAVAILABLE: ['run', 6],
  STORE_TOO_LARGE: ['run', 6],
  QUEUE_URI_INVALID: ['run', 2],
  QUEUE_LIBRARY_MISSING: ['run', 2],
  QUEUE_DENIED: ['run', 5],
  QUEUE_UNREACHABLE: ['run', 5],
  QUEUE_OTHER_RUN: ['run', 6],
  QUEUE_CHUNK_INVALID: ['run', 6],
  QUEUE_INCOMPLETE: ['run', 6],
  CACHE_UNWRITABLE: ['run', 6],
  CACHE_LOCKED: ['run', 6],
  REQUEST_INVALID: ['run', 3],
  REQUEST_TOO_LARGE: ['run', 3],
  REQUEST_TIMEOUT: ['run', 3],
  REQUEST_UNAUTHORIZED: ['run', 3],
  ROUTE_NOT_FOUND: ['run', 3],
  URL_FORBIDDEN: ['row', 1],
  QUEUE_FULL: ['run', 5],
  SERVER_BUSY: ['run', 5],
  DEADLINE_EXCEEDED: ['run', 1],
  SERVER_STOPPING: ['run', 5],
  LISTEN_FAILED: ['run', 2],
  CANCELLED: ['run', 130],
  INTERNAL: ['run', 70],
} as const satisfies Record<string, readonly ['row' | 'run', number]>;

export type ErrorCode = keyof typeof CODES;
export const ERROR_CODES = Object.keys(CODES) as readonly ErrorCode[];
export type ErrorContext = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>;

/** An error as it travels between processes and into `results.jsonl`. */
export interface ErrorRecord {
  code: ErrorCode;
  message: string;
  context?: ErrorContext;
}

/** Characters of a message, and of each text in its context. Callers shorten their quotes; this is the final limit. */
const LONGEST_MESSAGE = 4000;
/** Items of a list in a context. */
const LONGEST_LIST = 50;
/** Characters kept at the end of a message, which says how to mend the error. */
const KEPT_END = 1000;

const bounded = (text: string): string =>
  text.length <= LONGEST_MESSAGE
    ? text
    : `${text.slice(0, LONGEST_MESSAGE - KEPT_END - 1)}…${text.slice(-KEPT_END)}`.toWellFormed();

/** What a message may show of a text, which may repeat what a person or a row gave. */
const shown = (text: string): string => bounded(hideUriSecrets(text));

const shownContext = (context: ErrorContext): ErrorContext =>
  Object.fromEntries(
    Object.entries(context).map(([key, value]): [string, ErrorContext[string]] => {
      if (typeof value === 'string') return [key, shown(value)];
      if (typeof value !== 'object' || value === null) return [key, value];
      return [key, value.slice(0, LONGEST_LIST).map((item) => (typeof item === 'string' ? shown(item) : item))];
    }),
  );

/** An error that a person can act on: the message says what was expected, what was found, where, and how to mend it. */
export class RefineError extends Error {
  override readonly name = 'RefineError';
  /** Survives structured clones and test realms, where `instanceof` does not. */
  readonly isRefineError = true;
  readonly code: ErrorCode;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, options: { context?: ErrorContext; cause?: unknown } = {}) {
    super(shown(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.context = shownContext(options.context ?? {});
  }

  get scope(): 'row' | 'run' {
    return CODES[this.code][0];
  }

  get exitCode(): number {
    return CODES[this.code][1];
  }
}

export const isRefineError = (value: unknown): value is RefineError =>
  typeof value === 'object' && value !== null && (value as { isRefineError?: unknown }).isRefineError === true;

/** Names for a message: "a.png, b.png, c.png and 2 more". @param count of all names, if `names` has only the first */
export const listSome = (names: readonly string[], shown = 3, count = names.length): string =>
  names.slice(0, shown).join(', ') + (count > shown ? ` and ${count - shown} more` : '');

/** Text of anything thrown. Errors of native modules in other realms are not `instanceof Error`: the shape decides. */
export const messageOf = (thrown: unknown): string => {
  const message = (thrown as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : String(thrown);
};

/** Node's error code (`ENOENT`, …) of anything thrown, or undefined. */
export const systemCodeOf = (thrown: unknown): string | undefined => {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
};

/** Anything thrown as a record; `INTERNAL` if it is not a `RefineError`. */
export const toErrorRecord = (thrown: unknown): ErrorRecord =>
  isRefineError(thrown)
    ? { code: thrown.code, message: thrown.message, context: thrown.context }
    : { code: 'INTERNAL', message: messageOf(thrown) };

export const fromErrorRecord = (record: ErrorRecord): RefineError =>
  new RefineError(record.code, record.message, record.context === undefined ? {} : { context: record.context });
