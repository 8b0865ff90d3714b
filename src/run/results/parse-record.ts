/** Parses and validates lines of a journal, which may come from any program: a valid record has every field with its type. Pure. */
import { cutText } from '../../io/json/json-text.js';
import { parseJson, parseJsonObject } from '../../io/json/parse-json.js';
import { messageOf } from '../../errors.js';
import type { ResultRecord } from '../../records/result.js';
import { lineSchema } from './result-schema.js';

/** `fault`: what was found in place of a result, to follow a line's place. */
export type ParsedLine = { record: ResultRecord } | { fault: string };

/** Over what a row may have (run/manifest/formats/read-jsonl.ts), since its other keys come back under `extra`. */
const LIMITS = { maxDepth: 72, maxTokens: 1_000_000 };

const MAX_FAULT = 160;

/** Where a line of ours begins: `jsonText` writes keys in the record's order. */
const BEGINNING = Buffer.from('{"row');

/** Whether these bytes may be the beginning of a line of ours, however few they are. */
export const startsLikeResult = (bytes: Uint8Array): boolean => {
  const length = Math.min(bytes.length, BEGINNING.length);
  return BEGINNING.compare(bytes, 0, length, 0, length) === 0;
};

/** Keys that this version does not know are left as they are. @param line UTF-8, without its end */
export const parseRecord = (line: Uint8Array): ParsedLine => {
  let value: Record<string, unknown>;
  try {
    value = parseJsonObject(line, LIMITS, (what) => new Error(what));
  } catch (thrown) {
    return { fault: cutText(messageOf(thrown), MAX_FAULT) };
  }
  const parsed = lineSchema.safeParse(value);
  /* Not `parsed.data`: what a newer version wrote inside known keys would be gone from it. */
  return parsed.success ? { record: value as unknown as ResultRecord } : { fault: faultOf(value, parsed.error.issues) };
};

/** Whether a line that begins as ours ends before its JSON does. */
export const isTruncatedJson = (line: Uint8Array): boolean => {
  try {
    parseJson(line, LIMITS, (what, cause) => new Error(what, { cause }));
    return false;
  } catch (thrown) {
    /* What is over the limits was not written here, and has no cause. */
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
