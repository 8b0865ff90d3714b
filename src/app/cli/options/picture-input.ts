/** The picture of `sdxl-refine <picture>`, as a key and value of a row. */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RefineError } from '../../../errors.js';
import { asBatch } from './as-batch.js';
import { formatStoreUri, isStoreUri, parseStoreUri, uriScheme } from '../../../io/store/store-uri.js';
import { FILE_LIMITS } from '../../../io/files/file-limits.js';
import { namedOnCommandLine } from '../../../run/manifest/inputs/find-inputs.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { isGlob } from '../../../run/manifest/inputs/glob-place.js';
import { isManifest } from '../../../run/manifest/inputs/manifest-input.js';
import { shellWord } from '../../../run/manifest/inputs/shell-word.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { extensionIn } from '../../../run/manifest/inputs/picture-extensions.js';
import type { ProcessContext } from '../process-context.js';

export interface PictureInput {
  /** Key of the row. */
  key: 'image' | 'latents';
  value: string;
  /** Name in messages and results; undefined: the row's text. */
  shown?: string;
  /** Name of the input in results. */
  name: string;
}

const MAX_BYTES = FILE_LIMITS.picture.bytes;
const LATENTS = /\.(?:safetensors|npy|pth?)$/i;
const isAddress = (text: string): boolean => uriScheme(text) !== null || /^data:/i.test(text);

type Context = Pick<ProcessContext, 'words'> & { cwd: string };

/** @throws USAGE_CONFLICT unless the inputs are one picture that this command reads, STORE_URI_INVALID */
export const expectOnePicture = async (inputs: readonly string[], context: Context): Promise<string> => {
  const [input, ...others] = inputs;
  const { cwd } = context;
  if (input === undefined || input === '') {
    throw new RefineError('USAGE_CONFLICT', 'Expected a picture, found none. sdxl-refine --help shows examples.');
  }
  for (const other of others) await refusePrompt(input, other, cwd);
  if (others.length > 0) throw several(`${inputs.length} pictures`, context);
  if (isStoreUri(input)) throw several(`one in object storage (${formatStoreUri(parseStoreUri(input))})`, context);
  if (isAddress(input)) return input;
  const found = await stat(existingForm(resolve(cwd, input))).catch(() => null);
  if (found?.isDirectory() === true) throw several(`the folder ${input}`, context);
  if (isManifest(input)) throw several(`the manifest ${input}`, context);
  if (found === null && isGlob(input)) throw several(`the pattern ${input}`, context);
  return input;
};

const several = (found: string, { words }: Context): RefineError =>
  new RefineError('USAGE_CONFLICT', `Expected one picture, found ${found}. For that: ${asBatch(words)}`);

/** Other programs take the prompt as a word of its own. @throws USAGE_CONFLICT */
const refusePrompt = async (picture: string, word: string, cwd: string): Promise<void> => {
  if (isAddress(word) || isGlob(word) || extensionIn(word) !== '') return;
  if ((await stat(existingForm(resolve(cwd, word))).catch(() => null)) !== null) return;
  throw new RefineError(
    'USAGE_CONFLICT',
    `Expected one picture, found ${formatValue(word)} beside it, which is no file. A prompt has its option: sdxl-refine ${shellWord(picture)} -p ${shellWord(word)}`,
  );
};

/**
 * @param scratch folder for a copy of standard input
 * @throws USAGE_CONFLICT IMAGE_UNREADABLE IMAGE_TOO_LARGE, the signal's reason
 */
export const readPictureInput = async (
  input: string,
  { stdin, cwd }: Pick<ProcessContext, 'stdin' | 'cwd'>,
  { scratch, signal }: { scratch: string; signal: AbortSignal },
): Promise<PictureInput> => {
  if (input === '-') return { key: 'image', value: await savePicture(stdin, scratch, signal), shown: '-', name: '-' };
  if (isAddress(input)) return { key: 'image', value: input, name: '' };
  const value = await namedOnCommandLine(input, cwd());
  return { key: LATENTS.test(value) ? 'latents' : 'image', value, name: basename(value) };
};

const savePicture = async (stdin: ProcessContext['stdin'], folder: string, signal: AbortSignal): Promise<string> => {
  if (stdin.isTTY === true) {
    throw new RefineError('USAGE_CONFLICT', 'Expected a picture on standard input, found a terminal. Give a file.');
  }
  const path = join(folder, 'stdin');
  let bytes = 0;
  const count = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) {
        const message = `Standard input has more than ${MAX_BYTES} bytes, the limit for a picture. Save it smaller.`;
        throw new RefineError('IMAGE_TOO_LARGE', message, { context: { limit: MAX_BYTES } });
      }
      yield chunk;
    }
  };
  try {
    await pipeline(stdin, count, createWriteStream(path, { mode: 0o600 }), { signal });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
  if (bytes > 0) return path;
  throw new RefineError('IMAGE_UNREADABLE', 'Standard input is empty; expected a picture.');
};
