/** Parses a body as JSON, strictly and within limits; refuses invalid UTF-8. Pure. */
import { RefineError } from '../../../errors.js';
import { parseJson } from '../../../io/json/parse-json.js';

/** Levels of objects and lists; limits the stack of recursive code such as JSON.stringify. */
const MAX_DEPTH = 64;
/** Braces, brackets, colons and commas: a row of a picture, a prompt and ten settings has 30. */
const MAX_TOKENS = 100_000;

/** @throws REQUEST_INVALID */
export const parseJsonBody = (bytes: Uint8Array): unknown => {
  if (isBlank(bytes)) throw invalid('Expected a JSON object, got an empty body.');
  return parseJson(bytes, { maxDepth: MAX_DEPTH, maxTokens: MAX_TOKENS }, (what, cause) =>
    invalid(`Expected JSON, found a body that ${what}.`, cause),
  );
};

/** Whether there are only spaces, tabs and line ends. */
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);

const invalid = (message: string, cause?: unknown): RefineError =>
  new RefineError('REQUEST_INVALID', message, { cause });
