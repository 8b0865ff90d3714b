/** `--embedding <name=file>`, which may be given several times. */
import { resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { RefineError } from '../../../errors.js';
import type { EmbeddingChoice } from '../../../records/model-options.js';

/** @param cwd folder of relative paths @throws USAGE_OPTION_INVALID USAGE_CONFLICT */
export const parseEmbeddings = (texts: string | readonly string[] | undefined, cwd: string): EmbeddingChoice[] => {
  const embeddings = [texts ?? []].flat().map((text) => {
    const [, name = '', file = ''] = /^([^\s=]+)=(.+)$/s.exec(text) ?? [];
    if (name !== '') return { name, file: existingForm(resolve(cwd, file)) };
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      `Expected --embedding to be <name>=<file>, the name without spaces, got "${text}".`,
    );
  });
  const names = embeddings.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return embeddings;
  throw new RefineError('USAGE_CONFLICT', `Two embeddings have the name "${twice}": give one of them another name.`);
};
