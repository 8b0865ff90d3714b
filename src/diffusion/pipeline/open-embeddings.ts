/** Opens textual inversions (Gal et al. 2022, arXiv:2208.01618): vectors that replace words, for each text encoder. */
import { RefineError } from '../../errors.js';
import type { EmbeddingChoice } from '../../records/model-options.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import { isWeightDtype } from '../../models/weights/safetensors/dtypes.js';
import { fingerprintFile } from '../../models/weights/discovery/fingerprint-model.js';
import { openWeights } from '../../models/weights/discovery/open-weights.js';
import { readTensorF32 } from '../../models/weights/safetensors/read-tensor.js';
import { showName, showShape } from '../../models/weights/safetensors/format-value.js';
import type { StoredTensor } from '../../models/weights/weight-map.js';

export interface OpenedEmbeddings {
  textEncoders: TextEncoder[];
  /** Identifies files and names; '' without any. */
  digest: string;
}

/** A chunk has 75 tokens; a file with many more vectors is not an embedding. */
const MAX_VECTORS = 1024;

/** SDXL's first text encoder (OpenAI's CLIP ViT-L) and second (OpenCLIP's ViT-bigG), by their names in ComfyUI and kohya's scripts. */
const [FIRST, LAST] = ['clip_l', 'clip_g'] as const;

/**
 * Adds to each text encoder its vectors: tensor `clip_l` or `clip_g`, or the only tensor of the file (`emb_params`).
 * @throws EMBEDDING_UNSUITABLE WEIGHTS_*
 */
export const openEmbeddings = async (
  choices: readonly EmbeddingChoice[],
  textEncoders: readonly TextEncoder[],
): Promise<OpenedEmbeddings> => {
  const byEncoder = textEncoders.map(() => new Map<string, readonly Float32Array[]>());
  const digests: string[] = [];
  for (const choice of choices) {
    const tensors = new Map((await openWeights([choice.file])).entries());
    for (const [index, encoder] of textEncoders.entries()) {
      const key = index === textEncoders.length - 1 ? LAST : FIRST;
      byEncoder[index]?.set(choice.name.toLowerCase(), await vectorsOf(choice, tensors, key, encoder));
    }
    digests.push(`${choice.name}=${await fingerprintFile(choice.file)}`);
  }
  return {
    textEncoders: textEncoders.map((encoder, index) =>
      choices.length === 0 ? encoder : { ...encoder, embeddings: byEncoder[index] ?? new Map<string, never>() },
    ),
    digest: digests.join(' '),
  };
};

const vectorsOf = async (
  choice: EmbeddingChoice,
  tensors: ReadonlyMap<string, StoredTensor>,
  key: string,
  { config: { width }, extended }: TextEncoder,
): Promise<Float32Array[]> => {
  const [only, ...others] = tensors.values();
  const vectors = tensors.get(key) ?? (others.length === 0 ? only : undefined);
  const isUsable =
    vectors?.shape.at(-1) === width && vectors.shape.length <= 2 && (vectors.shape.at(-2) ?? 1) <= MAX_VECTORS;
  if (vectors === undefined || !isUsable || !isWeightDtype(vectors.dtype)) {
    throw unsuitable(choice, tensors, key, width);
  }
  if (extended === undefined) {
    throw new RefineError(
      'EMBEDDING_UNSUITABLE',
      `Expected a model in safetensors for the embedding ${choice.name}, found an ONNX export, whose only input is token ids. Give the safetensors, or leave the embedding out.`,
    );
  }
  const numbers = await readTensorF32({ ...vectors, dtype: vectors.dtype });
  return Array.from({ length: numbers.length / width }, (_, row) => numbers.slice(row * width, (row + 1) * width));
};

/** The error of a file with other tensors. */
const MAX_LISTED = 5;

const unsuitable = (
  { name, file }: EmbeddingChoice,
  tensors: ReadonlyMap<string, StoredTensor>,
  key: string,
  width: number,
): RefineError => {
  const held = [...tensors]
    .slice(0, MAX_LISTED)
    .map(([of, { shape, dtype }]) => `${showName(of)} ${showShape(shape)} of ${dtype}`);
  if (tensors.size > MAX_LISTED) held.push(`${tensors.size - MAX_LISTED} more`);
  return new RefineError(
    'EMBEDDING_UNSUITABLE',
    `Expected the embedding ${name} to have a tensor ${key} [vectors, ${width}] for this model, found ${held.join(', ') || 'none'} in ${file}. ` +
      'Give one that was trained for SDXL; the refiner uses only clip_g.',
    { context: { file, key, width } },
  );
};
