/** Reads a model's `tokenizer/` or `tokenizer_2/` folder. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../errors.js';
import { parseTokenizerFiles, TOKENIZER_FILES } from './tokenizer-files.js';
import { createTokenizer, type Tokenizer } from './tokenizer.js';

/** CLIP's largest file has 3.6 MB. */
const MAX_BYTES = 16 * 2 ** 20;

/** @throws MODEL_CONFIG_INVALID naming the file that is missing, unreadable, or not a CLIP tokenizer's */
export const readTokenizer = async (folder: string): Promise<Tokenizer> => {
  const files = await Promise.all(
    TOKENIZER_FILES.map(async (name) => [name, await readIfThere(join(folder, name))] as const),
  );
  return createTokenizer(parseTokenizerFiles(Object.fromEntries(files), folder));
};

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw unreadable(path, `${size} bytes is more than a tokenizer has`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw isRefineError(cause) ? cause : unreadable(path, messageOf(cause), cause);
  }
};

const unreadable = (path: string, why: string, cause?: unknown): RefineError =>
  new RefineError('MODEL_CONFIG_INVALID', `Cannot read ${path}: ${why}. Check the model folder.`, {
    context: { file: path },
    cause,
  });
