/** Latents from outside: .npy, .safetensors, .pt. */
import { deepStrictEqual, ok } from 'node:assert';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import fc from 'fast-check';
import type { LatentsData } from '#src/records/picture.js';
import { encodeLatents } from '#src/models/weights/latents/encode-latents.js';
import { parseNpy } from '#src/models/weights/latents/parse-npy.js';
import { parseTorchPickle } from '#src/models/weights/latents/parse-torch-pickle.js';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { goldenData } from '../support/golden.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orFault, orRefused } from './refusals.js';
import { withHeaderLength } from './safetensors-file.js';
import { scratch } from './scratch.js';

/** As numpy.lib.format writes it, version 1 or 2. */
const npyOf = (dtype: string, shape: readonly number[], data: Uint8Array, major = 1): Buffer => {
  const dims = shape.map((dim) => `${dim},`).join(' ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dims}), }`;
  const start = major === 1 ? 10 : 12;
  const header = `${text.padEnd(Math.ceil((start + text.length + 1) / 64) * 64 - start - 1)}\n`;
  const head = Buffer.alloc(start);
  head.write(`\x93NUMPY${String.fromCharCode(major)}\0`, 'latin1');
  if (major === 1) head.writeUInt16LE(header.length, 8);
  else head.writeUInt32LE(header.length, 8);
  return Buffer.concat([head, Buffer.from(header, 'latin1'), data]);
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
const floats = Float32Array.from({ length: 4 * 2 * 3 }, (_, at) => at - 7.5);
const fileOf = (name: string) => () => readFileSync(goldenData('latents', name));

const npy = mutationsOf(
  {
    'float32.npy': () => npyOf('<f4', [1, 4, 2, 3], bytesOf(floats)),
    'float64.npy': () => npyOf('<f8', [4, 2, 3], bytesOf(Float64Array.from(floats)), 2),
    'half.npy': () => npyOf('<f2', [1, 4, 1, 1], new Uint8Array(8)),
  },
  ["'descr'", "'<f4'", "'shape': (", '1, 4, ', 'True', '9'.repeat(30), '|O', '\x93NUMPY'],
);
const safetensors = mutationsOf(
  { 'ours.safetensors': () => encodeLatents({ data: floats, width: 3, height: 2 }) },
  ['"F16"', '"F64"', '[1,4,2,3]', '[0,96]', '"latents"', '"__metadata__":', '1e300', '-1', 'null'],
  withHeaderLength,
);
const PICKLES = ['float32.pt', 'float16-in-dict.pt', 'bfloat16-in-list.pt', 'channels-last.pt', 'second-of-two.pth'];
const torch = mutationsOf(Object.fromEntries(PICKLES.map((name) => [name, fileOf(name)])), [
  'PK\x03\x04',
  'PK\x01\x02',
  'PK\x05\x06',
  'cos\nsystem\n',
  'R',
  'h\0',
  'q\0',
  'K\x01',
  't',
  'e',
  'J\xff\xff\xff\xff',
  '\x80\x02',
  'Q',
  '.',
]);
const pickles = mutationsOf(
  Object.fromEntries(
    PICKLES.map((name) => [
      name,
      () => {
        /* Stored entries: the pickle lies in the file as it is. */
        const bytes = fileOf(name)();
        return bytes.subarray(bytes.indexOf('\x80\x02', 0, 'latin1'), bytes.indexOf('PK\x03\x04', 64, 'latin1'));
      },
    ]),
  ),
  [
    'cos\nsystem\n',
    'cposix\n',
    '(',
    't',
    'R',
    'h\0',
    'h\x01',
    'q\0',
    'r\0\0\0\0',
    'K\x01',
    'M\0\x01',
    'e',
    'u',
    's',
    'a',
    ']',
    '}',
    ')',
    'Q',
    '.',
    '\x85',
    '\x87',
    'N',
    'X\x01\0\0\0a',
  ],
);

const isUsable = ({ data, width, height }: LatentsData): void => {
  deepStrictEqual(data.length, 4 * width * height);
  ok(width > 0 && height > 0 && data.every((value) => Number.isFinite(value)));
};

const asLatents = async (name: string, bytes: Uint8Array): Promise<void> => {
  const latents = await orRefused(() => readLatents(scratch(basename(name), bytes)), 'LATENTS_INVALID');
  if (latents !== null) isUsable(latents);
};

const size = fc.record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) });
const latents = size.chain(({ width, height }) =>
  fc
    .array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 4 * width * height,
      maxLength: 4 * width * height,
    })
    .map((values) => ({ data: Float32Array.from(values), width, height })),
);

export const properties = [
  property('latents: what is written as safetensors is read back, bit by bit', 'value', latents, async (written) => {
    deepStrictEqual(await readLatents(scratch('round.safetensors', encodeLatents(written))), written);
  }),
  property(
    'latents: what NumPy would write is read back, bit by bit',
    'value',
    fc.tuple(latents, fc.constantFrom(1, 2)),
    ([written, major]) => {
      const shape = [1, 4, written.height, written.width];
      deepStrictEqual(parseNpy(npyOf('<f4', shape, bytesOf(written.data), major), 'x.npy'), {
        data: written.data,
        shape,
      });
      deepStrictEqual(
        parseNpy(npyOf('<f8', shape, bytesOf(Float64Array.from(written.data))), 'x.npy').data,
        written.data,
      );
    },
  ),
  property('latents: a damaged .npy is refused in few words, or usable', 'file', npy.arbitrary, async (one) => {
    await asLatents(one.file, await npy.bytesOf(one));
  }),
  property(
    'latents: a damaged .safetensors is refused in few words, or usable',
    'file',
    safetensors.arbitrary,
    async (one) => {
      await asLatents(one.file, await safetensors.bytesOf(one));
    },
  ),
  property('latents: a damaged .pt is refused in few words, or usable', 'file', torch.arbitrary, async (one) => {
    await asLatents(one.file, await torch.bytesOf(one));
  }),
  property(
    'latents: a damaged pickle holds a tensor, or is refused',
    'file',
    pickles.arbitrary,
    async (one) => {
      const bytes = await pickles.bytesOf(one);
      const tensor = orFault(() => parseTorchPickle(bytes));
      deepStrictEqual(
        orFault(() => parseTorchPickle(bytes)),
        tensor,
      );
      if (tensor !== null) ok(tensor.shape.length === tensor.strides.length);
    },
    100,
  ),
];
