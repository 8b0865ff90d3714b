/** A safetensors file of random half-precision weights, for which arithmetic stays finite. */
import { open, rename } from 'node:fs/promises';
import { mt19937 } from '../../dist/diffusion/random/mt19937.js';
import { toFloat16 } from '../../dist/tensor/float16.js';

/** Numbers drawn once; a tensor takes pieces of them from drawn places, so that no two are alike. */
const POOL = 1 << 21;

/** @param shapes Map of tensor name to shape @returns how many numbers the file holds */
export const writeRandomTensors = async (path, shapes, seed) => {
  const draw = mt19937(seed);
  const normals = standardNormals(draw, POOL);
  const scaled = new Map();
  const poolAt = (scale) => {
    if (!scaled.has(scale)) scaled.set(scale, toFloat16(normals.map((value) => value * scale)));
    return scaled.get(scale);
  };
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w');
  await file.write(headerOf(shapes));
  for (const [name, shape] of shapes) {
    const scale = scaleOf(name, shape);
    for (let left = countOf(shape); left > 0;) {
      const start = scale === null ? 0 : draw() % (POOL / 2);
      const piece = scale === null ? new Uint16Array(left).fill(ONE) : poolAt(scale).subarray(start, start + left);
      await file.write(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
      left -= piece.length;
    }
  }
  await file.close();
  await rename(temporary, path);
  return [...shapes.values()].reduce((sum, shape) => sum + countOf(shape), 0);
};

/** 1 in binary16. */
const ONE = 0x3c00;
const countOf = (shape) => shape.reduce((product, dim) => product * dim, 1);

/** Layers keep the size of what goes through them: 1/√inputs. Biases and embeddings are small, norms multiply by one (null). */
const scaleOf = (name, shape) => {
  if (shape.length > 1) return name.includes('embedding.weight') ? 0.02 : 1 / Math.sqrt(countOf(shape.slice(1)));
  return name.endsWith('.weight') ? null : 0.02;
};

/** The Box-Muller transform. */
const standardNormals = (draw, count) => {
  const unit = () => (draw() + 1) / 2 ** 32;
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit()));
};

const headerOf = (shapes) => {
  let offset = 0;
  const entry = ([name, shape]) => {
    const start = offset;
    offset += 2 * countOf(shape);
    return [name, { dtype: 'F16', shape, data_offsets: [start, offset] }];
  };
  const json = JSON.stringify(Object.fromEntries([...shapes].map(entry)));
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
};
