/** Thousands of broken headers: each is refused by a RefineError or describes exactly the file it came with. */
import { isRefineError } from '#src/errors.js';
import { parseHeaderLength } from '#src/models/weights/safetensors/header-length.js';
import { parseSafetensorsHeader } from '#src/models/weights/safetensors/safetensors-header.js';
import { entry, fileOf } from './build-safetensors.js';

/** mulberry32, so that a failure can be repeated. */
const seeded = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const valid = fileOf(
  {
    __metadata__: { format: 'pt' },
    'down_blocks.0.resnets.0.conv1.weight': entry('F16', [8, 4, 3, 3], 0, 576),
    'time_embedding.linear_1.bias': entry('F32', [16], 576, 640),
    logit_scale: entry('F32', [], 640, 644),
    position_ids: entry('I64', [1, 7], 644, 700),
  },
  new Uint8Array(700),
);
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '0',
  '9',
  '-1',
  '1e999',
  '2e9',
  'null',
  'true',
  '\\u0000',
  '{}',
  '[]',
];

/** One to four changes: bytes turned, JSON put in, parts removed, doubled or moved, the length falsified, the end cut off. */
const mutate = (random: () => number): Buffer => {
  const below = (limit: number): number => Math.floor(random() * limit);
  const headerEnd = 8 + Number(valid.readBigUInt64LE(0));
  let file: Buffer = Buffer.from(valid);
  for (let change = 1 + below(4); change > 0; change--) {
    const at = 8 + below(headerEnd - 8);
    const to = Math.min(headerEnd, at + below(40));
    const token = Buffer.from(TOKENS[below(TOKENS.length)] ?? '');
    const kind = below(7);
    if (kind === 0) file[at] = below(256);
    else if (kind === 1) file[below(9)] = below(256);
    else if (kind === 2) file = Buffer.concat([file.subarray(0, at), token, file.subarray(at)]);
    else if (kind === 3) file = Buffer.concat([file.subarray(0, at), file.subarray(to)]);
    else if (kind === 4) file = Buffer.concat([file.subarray(0, to), file.subarray(at, to), file.subarray(to)]);
    else if (kind === 5) file = file.subarray(0, below(file.length));
    else file[at] = 0x30 + below(10);
    if (file.length < 9) return file;
  }
  // Half of them get a fitting length, else few would be read beyond it.
  if (random() < 0.5) file.writeBigUInt64LE(BigInt(Math.max(0, file.length - 8 - 700)));
  return file;
};

it('20 000 broken headers', () => {
  const random = seeded(20261123);
  let accepted = 0;
  const reasons = new Set<string>();
  for (let i = 0; i < 20_000; i++) {
    const file = mutate(random);
    try {
      const length = parseHeaderLength(file.subarray(0, 8), file.length, 'fuzz');
      const { tensors } = parseSafetensorsHeader(file.subarray(8, 8 + length), file.length, 'fuzz');
      let end = 8 + length;
      for (const { offset, byteLength } of tensors.values()) {
        expect(offset).toBe(end);
        end += byteLength;
      }
      expect(end).toBe(file.length);
      accepted++;
    } catch (thrown) {
      if (!isRefineError(thrown) || thrown.code !== 'WEIGHTS_HEADER_INVALID') throw thrown;
      reasons.add(thrown.message.replace(/".*"|[\d[\],-]+/gs, '#').slice(0, 60));
    }
  }
  // Broken ways enough that the checks are reached, and a few changes that only rename a tensor.
  expect(accepted).toBeGreaterThan(100);
  expect(reasons.size).toBeGreaterThan(20);
});
