/** Reads the small JSON files of a model folder, within limits. */
import { parseJsonObject } from '../../../io/json/parse-json.js';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { FileRefused, readFileBytes } from '../../../io/files/open-file.js';

/** Real files have 3 or 4 levels; an index has 2 tokens per tensor. */
const LIMITS = { maxDepth: 32, maxTokens: 1_000_000 };

/**
 * A JSON object.
 * @param python accepts Infinity, which Python's json writes although JSON does not allow it
 * @throws MODEL_NOT_FOUND if the file does not exist or cannot be read
 * @throws MODEL_CONFIG_INVALID naming the file
 */
export const readJsonObject = async (
  path: string,
  kind: 'modelConfig' | 'modelDefaults' | 'weightIndex',
  python = false,
): Promise<Record<string, unknown>> => {
  try {
    const bytes = await readFileBytes(path, kind);
    const fault = (what: string): RefineError => invalid(path, what);
    return parseJsonObject(bytes, LIMITS, fault, python ? withInfinities : undefined);
  } catch (cause) {
    if (isRefineError(cause)) throw cause;
    if (cause instanceof FileRefused && cause.reason === 'size') throw invalid(path, cause.what);
    const why = systemCodeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
    const message = `Cannot read ${path}: ${why}. Give a complete model folder in the diffusers layout.`;
    throw new RefineError('MODEL_NOT_FOUND', message, { context: { file: path }, cause });
  }
};

/** An overflowing number in place of the word. */
const withInfinities = (word: string): string => word.replace('Infinity', '1e999');

const invalid = (path: string, what: string): RefineError =>
  new RefineError('MODEL_CONFIG_INVALID', `${path} ${what}. Download it again.`, { context: { file: path } });
