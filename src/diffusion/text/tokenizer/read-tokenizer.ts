/** Reads a model's `tokenizer/` or `tokenizer_2/` folder. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { readFileText } from '../../../io/files/open-file.js';
import { parseTokenizerFiles, TOKENIZER_FILES } from './tokenizer-files.js';
import { createTokenizer, type Tokenizer, type TokenizerParts } from './tokenizer.js';

/** @throws MODEL_CONFIG_INVALID naming the file that is missing, unreadable, or not a CLIP tokenizer's */
export const readTokenizer = async (folder: string): Promise<Tokenizer> => createTokenizer(await readParts(folder));

/** The bundled tokenizer, for one-file checkpoints. It pads with `!`, as in the training of SDXL's second text encoder. */
const CLIP_TOKENIZER = fileURLToPath(new URL('../../../../models/clip-tokenizer', import.meta.url));

/** @param padsWithEnd as in the training of SDXL's first text encoder */
export const readClipTokenizer = async (padsWithEnd: boolean): Promise<Tokenizer> => {
  const { config, ...parts } = await readParts(CLIP_TOKENIZER);
  return createTokenizer({ ...parts, config: padsWithEnd ? { ...config, pad: config.end } : config });
};

const readParts = async (folder: string): Promise<TokenizerParts> => {
  const files = await Promise.all(
    TOKENIZER_FILES.map(async (name) => [name, await readIfThere(join(folder, name))] as const),
  );
  return parseTokenizerFiles(Object.fromEntries(files), folder);
};

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFileText(path, 'tokenizer');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw unreadable(path, messageOf(cause), cause);
  }
};

const unreadable = (path: string, why: string, cause?: unknown): RefineError =>
  new RefineError('MODEL_CONFIG_INVALID', `Cannot read ${path}: ${why}. Check the model folder.`, {
    context: { file: path },
    cause,
  });
