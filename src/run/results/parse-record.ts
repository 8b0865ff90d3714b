/** Parses and validates lines of a journal. Any program may have written them: a valid record has every field with its type. Pure. */
import { cutText } from '../../io/json/json-text.js';
import { parseExactObject, parseJson } from '../../io/json/parse-json.js';
import { messageOf } from '../../errors.js';
import type { ResultRecord } from '../../records/result.js';
import { lineSchema } from './result-schema.js';

/** `fault`: why the line is not a result, as the end of a sentence. */
export type ParsedLine = { record: ResultRecord } | { fault: string };

/** Above a row's limits (run/manifest/formats/read-jsonl.ts), since `extra` contains the row's unknown keys. */
const LIMITS = { maxDepth: 72, maxTokens: 1_000_000 };

const MAX_FAULT = 160;

/** Beginning of a line that this program wrote: `jsonText` writes keys in the record's order. */
const BEGINNING = Buffer.from('{"row');

/** Whether these bytes, even if few, may begin a line that this program wrote. */
export const startsLikeResult = (bytes: Uint8Array): boolean => {
  const length = Math.min(bytes.length, BEGINNING.length);
  return BEGINNING.compare(bytes, 0, length, 0, length) === 0;
};

/** Unknown keys are kept. @param line UTF-8, without its newline */
export const parseRecord = (line: Uint8Array): ParsedLine => {
  let value: Record<string, unknown>;
  try {
    const { value: rounded, exact } = parseExactObject(line, LIMITS, (what) => new Error(what));
    /* Other fields are numbers, also where another program wrote long ones. */
    value = exact === rounded ? rounded : { ...rounded, extra: exact['extra'] };
  } catch (thrown) {
    return { fault: cutText(messageOf(thrown), MAX_FAULT) };
  }
  const parsed = lineSchema.safeParse(value);
  /* Not `parsed.data`: it lacks what a newer version wrote inside known keys. */
  return parsed.success ? { record: value as unknown as ResultRecord } : { fault: faultOf(value, parsed.error.issues) };
};

/** Whether a line that `startsLikeResult` ends before its JSON does. */
export const isTruncatedJson = (line: Uint8Array): boolean => {
  try {
    parseJson(line, LIMITS, (what, cause) => new Error(what, { cause }));
    return false;
  } catch (thrown) {
    /* Lines above the limits are from another program; their errors have no cause. */
    return (thrown as Error).cause !== undefined;
  }
};

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

const faultOf = (value: object, [issue]: readonly Issue[]): string => {
  if (issue === undefined) return 'is not a result';
  const { path, message } = issue;
  const key = JSON.stringify(cutText(path.map(String).join('.'), 60));
  const [first] = path;
  if (path.length === 1 && first !== undefined && !Object.hasOwn(value, first)) return `lacks ${key}`;
  return cutText(`has an invalid ${key}: ${message}`, MAX_FAULT);
};
