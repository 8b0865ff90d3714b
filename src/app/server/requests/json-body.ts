/** A body as JSON, read strictly and within limits: UTF-8 that is none is refused instead of guessed at. Pure. */
import { RefineError } from '../../../errors.js';
import { parseJson } from '../../../io/json/parse-json.js';

/** Levels of objects and lists: what recursive code (JSON.stringify is) must not run out of stack with. */
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

/** Spaces, tabs and line ends alone. */
const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte <= 0x20);

const invalid = (message: string, cause?: unknown): RefineError =>
  new RefineError('REQUEST_INVALID', message, { cause });
