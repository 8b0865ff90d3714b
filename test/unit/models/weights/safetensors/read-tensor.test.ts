import { createHash } from 'node:crypto';
import { truncateSync } from 'node:fs';
import { openWeights } from '#src/models/weights/discovery/open-weights.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import { sliceRows } from '#src/models/weights/weight-map.js';
import { entry, errorOf, fileOf, newFolder, write } from '../build-safetensors.js';

const every16 = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);

it('every float16 that is a number, as numpy converts it', async () => {
  const path = write(newFolder(), 'x.safetensors', fileOf({ a: entry('F16', [65536], 0, 131072) }, every16));
  const numbers = await readTensorF32((await openWeights([path])).require('a', [65536]));
  const finite = numbers.filter((value) => !Number.isNaN(value));
  expect(finite).toHaveLength(63490);
  // numpy 2.4.6: sha256 of arange(65536, dtype=uint16).view(float16).astype(float32), NaN left out.
  const digest = createHash('sha256').update(new Uint8Array(finite.buffer)).digest('hex');
  expect(digest).toBe('680bbc22915f61aa1bbfc7265bc3882a6aa42d299bfd2c571807196e5544de2e');
});

it('every bfloat16 is the upper half of a float32', async () => {
  const path = write(newFolder(), 'x.safetensors', fileOf({ a: entry('BF16', [65536], 0, 131072) }, every16));
  const bits = new Uint32Array((await readTensorF32((await openWeights([path])).require('a', [65536]))).buffer);
  expect(bits.every((word, i) => word === i * 65536)).toBe(true);
});

it('a tensor of more than one chunk, at an odd offset', async () => {
  const values = Float32Array.from({ length: 1_100_000 }, (_, i) => Math.fround(Math.sin(i)));
  const bytes = new Uint8Array(values.buffer);
  const header = { pad: entry('U8', [3], 0, 3), a: entry('F32', [values.length], 3, 3 + bytes.length) };
  const path = write(newFolder(), 'x.safetensors', fileOf(header, Buffer.concat([Buffer.alloc(3), bytes])));
  const read = await readTensorF32((await openWeights([path])).require('a', [values.length]));
  expect(Buffer.from(read.buffer).equals(bytes)).toBe(true);
});

it('a slice of rows', async () => {
  const table = Float32Array.from({ length: 12 }, (_, i) => i);
  const header = { a: entry('F32', [6, 2], 0, 48) };
  const path = write(newFolder(), 'x.safetensors', fileOf(header, new Uint8Array(table.buffer)));
  const weight = (await openWeights([path])).require('a', [6, 2]);
  expect([...(await readTensorF32(sliceRows(weight, 2, 4)))]).toEqual([4, 5, 6, 7]);
});

it('a file that became shorter since it was opened', async () => {
  const path = write(newFolder(), 'x.safetensors', fileOf({ a: entry('F32', [4], 0, 16) }, new Uint8Array(16)));
  const weight = (await openWeights([path])).require('a', [4]);
  truncateSync(path, 60);
  const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => readTensorF32(weight));
  expect(message).toContain('it became shorter while in use');
});
