/** The tensors of a model component by name, over one or several files, with checks of shape and dtype. Pure. */
import { RefineError } from '../../errors.js';
import { cutText } from '../../io/json/json-text.js';
import { isWeightDtype, type WeightDtype } from './safetensors/dtypes.js';
import type { SafetensorsFile } from './safetensors/open-safetensors.js';
import type { TensorEntry } from './safetensors/safetensors-header.js';
import { formatValue, showShape } from './safetensors/format-value.js';

/** A tensor and its file. */
export interface StoredTensor extends TensorEntry {
  /** Real path. */
  readonly file: string;
}

/** A tensor that a graph can use without conversion. */
export interface Weight extends StoredTensor {
  readonly dtype: WeightDtype;
}

/** Characters of a tensor name in a message. */
const LONGEST_NAME = 200;

export class WeightMap {
  readonly #used = new Set<string>();

  /** @param tensors by diffusers' or transformers' name, which may differ from the name in the file */
  constructor(private readonly tensors: ReadonlyMap<string, StoredTensor>) {}

  get size(): number {
    return this.tensors.size;
  }

  /** Real paths, each once. */
  get files(): readonly string[] {
    return [...new Set(Array.from(this.tensors.values(), ({ file }) => file))];
  }

  /** All tensors, in the order of the files. */
  entries(): Iterable<[name: string, tensor: StoredTensor]> {
    return this.tensors.entries();
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /**
   * Returns the tensor, which must have this shape and be F32, F16 or BF16, and marks it as used.
   * @throws WEIGHTS_TENSOR_MISSING naming the files searched and the most similar name
   * @throws WEIGHTS_SHAPE
   * @throws WEIGHTS_DTYPE
   */
  require(name: string, shape: readonly number[]): Weight {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw this.#missing(name);
    const { file, dtype } = tensor;
    const context = { tensor: name, file };
    if (tensor.shape.length !== shape.length || tensor.shape.some((dim, axis) => dim !== shape[axis])) {
      const message =
        `Expected the tensor "${name}" of ${file} to be ${showShape(shape)}, got ${showShape(tensor.shape)}. ` +
        'These weights do not belong to this config.json; take both from one model.';
      throw new RefineError('WEIGHTS_SHAPE', message, { context });
    }
    if (!isWeightDtype(dtype)) {
      const message =
        `Expected the tensor "${name}" of ${file} to be F32, F16 or BF16, got ${dtype}. ` +
        'Save it as one of these; quantized files cannot be read.';
      throw new RefineError('WEIGHTS_DTYPE', message, { context });
    }
    this.#used.add(name);
    return { ...tensor, dtype };
  }

  /** Names never passed to `require`, in file order. A reason for a warning: the file has more tensors than the network. */
  unused(): string[] {
    return [...this.tensors.keys()].filter((name) => !this.#used.has(name));
  }

  #missing(name: string): RefineError {
    const nearest = mostSimilar(name, this.tensors.keys());
    const message =
      `The tensor "${name}" is in none of: ${this.files.join(', ') || 'no files'}.` +
      (nearest === undefined ? '' : ` The most similar name there is ${formatValue(nearest)}.`) +
      ' These weights do not belong to this configuration; take both from one model.';
    return new RefineError('WEIGHTS_TENSOR_MISSING', message, {
      context: { tensor: name, nearest: nearest === undefined ? null : cutText(nearest, LONGEST_NAME) },
    });
  }
}

/**
 * Merges the tensors of several files.
 * @throws WEIGHTS_HEADER_INVALID if two files have the same name
 */
export const mergeTensors = (files: readonly SafetensorsFile[]): WeightMap => {
  const tensors = new Map<string, StoredTensor>();
  for (const { file, tensors: entries } of files) {
    for (const [name, entry] of entries) {
      const duplicate = tensors.get(name);
      if (duplicate !== undefined) {
        const message = `The tensor ${formatValue(name)} is in ${duplicate.file} and in ${file}. Remove the file that is left over from another download.`;
        throw new RefineError('WEIGHTS_HEADER_INVALID', message, { context: { file } });
      }
      tensors.set(name, { ...entry, file });
    }
  }
  return new WeightMap(tensors);
};

/**
 * Rows `start` up to `end` of a tensor's first axis: a view of the same bytes.
 * @throws RangeError for rows out of range
 */
export const sliceRows = <Stored extends TensorEntry>(tensor: Stored, start: number, end: number): Stored => {
  const [rows = 0, ...rest] = tensor.shape;
  if (start < 0 || start > end || end > rows) throw new RangeError(`rows ${start} to ${end} of ${rows}`);
  const rowBytes = rows === 0 ? 0 : tensor.byteLength / rows;
  return {
    ...tensor,
    shape: [end - start, ...rest],
    offset: tensor.offset + start * rowBytes,
    byteLength: (end - start) * rowBytes,
  };
};

/** The name with the longest common prefix and suffix: tensor names differ in one part of their path. */
const mostSimilar = (name: string, candidates: Iterable<string>): string | undefined => {
  let best: string | undefined;
  let bestShared = 0;
  for (const candidate of candidates) {
    const limit = Math.min(name.length, candidate.length);
    let prefix = 0;
    while (prefix < limit && name[prefix] === candidate[prefix]) prefix++;
    let suffix = 0;
    while (suffix < limit - prefix && name.at(-1 - suffix) === candidate.at(-1 - suffix)) suffix++;
    if (prefix + suffix > bestShared) [best, bestShared] = [candidate, prefix + suffix];
  }
  return best;
};
