/** The weights that the golden files are made of: drawn as torch drew them, or read from another file. Needs dist/ (`npx tsc -b`). */
import { mt19937 } from '../dist/diffusion/random/mt19937.js';
import { fromFloat16, toFloat16 } from '../dist/tensor/float16.js';

/**
 * What torch puts into a new convolution or linear layer: kaiming_uniform_ with a = sqrt(5), which is uniform in ±bound, drawn in
 * float32 from the low 24 bits of each word, and stored as float16.
 * Sources: torch's nn.Linear.reset_parameters and nn.init, and its uniform_real_distribution.
 * @param shape of the weight; the first is its outputs @param skip how many words of the seed were drawn before
 * @returns float16, as bytes
 */
export const uniformWeights = ({ seed, skip, shape: [outputs, ...inputs] }) => {
  const fan = inputs.reduce((product, size) => product * size, 1);
  const bound = Math.sqrt(3) * (Math.sqrt(2 / (1 + Math.sqrt(5) ** 2)) / Math.sqrt(fan));
  const from = Math.fround(-bound);
  const width = Math.fround(Math.fround(bound) - from);
  const words = wordsOf(seed, skip + outputs * fan).subarray(skip, skip + outputs * fan);
  /* In one rounding, as a fused multiply-add: the product of two float32 is exact in a double. */
  return asBytes(toFloat16(Float32Array.from(words, (word) => (word & 0xffffff) * 2 ** -24 * width + from)));
};

const streams = new Map();

/** The first words of a seed, at least so many. Kept, since the layers of a network are drawn one after another. */
const wordsOf = (seed, count) => {
  if (!streams.has(seed)) streams.set(seed, { next: mt19937(seed), words: new Uint32Array(2 ** 22), drawn: 0 });
  const stream = streams.get(seed);
  if (count > stream.words.length)
    throw new Error(`Expected at most ${stream.words.length} words of a seed, got ${count}`);
  while (stream.drawn < count) stream.words[stream.drawn++] = stream.next();
  return stream.words;
};

/** @param file bytes of a safetensors file @param as F32: float16 made wider @param transposed of two dimensions */
export const readTensor = (file, { tensor, as = 'F16', transposed = false }) => {
  const { header, start } = headerOf(file);
  const entry = header[tensor];
  if (entry?.dtype !== 'F16')
    throw new Error(`Expected a tensor ${tensor} in float16, found ${entry?.dtype ?? 'none'}`);
  const [from, to] = entry.data_offsets;
  const halves = new Uint16Array(Uint8Array.from(file.subarray(start + from, start + to)).buffer);
  const ordered = transposed ? transpose(halves, entry.shape) : halves;
  return asBytes(as === 'F32' ? fromFloat16(ordered) : ordered);
};

const headers = new WeakMap();

const headerOf = (file) => {
  if (!headers.has(file)) {
    const start = 8 + Number(file.readBigUInt64LE(0));
    headers.set(file, { header: JSON.parse(file.toString('utf8', 8, start)), start });
  }
  return headers.get(file);
};

const transpose = (halves, [rows, columns]) =>
  Uint16Array.from(halves, (_, at) => halves[(at % rows) * columns + Math.floor(at / rows)]);

const asBytes = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);
