import type { LatentsData } from '#src/records/picture.js';
import { encodeLatents } from '#src/models/weights/latents/encode-latents.js';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { entry, errorOf, fileOf, floats, newFolder, write } from './build-safetensors.js';

const numbers = Float32Array.from({ length: 4 * 2 * 3 }, (_, i) => i / 8 - 1);
const latents: LatentsData = { data: numbers, width: 3, height: 2 };
const bytes = new Uint8Array(numbers.buffer);

/** A file as numpy.save writes it, with any header. */
const npyOf = (header: string, data: Uint8Array, version = 1): Buffer => {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return Buffer.concat([Buffer.from('\x93NUMPY', 'latin1'), Buffer.of(version, 0), length, text, data]);
};
const npyHeader = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

/** What numpy 2.4.6 writes before the data of save(file, arange(24, dtype=float32).reshape(1, 4, 2, 3) / 8 - 1). */
const NUMPY_HEADER = `\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4, 2, 3), }${' '.repeat(52)}\n`;

const read = (name: string, content: Uint8Array): Promise<LatentsData> =>
  readLatents(write(newFolder(), name, content));

describe('safetensors', () => {
  it('encoded latents are read back', async () => {
    expect(await read('x.safetensors', encodeLatents(latents))).toEqual(latents);
  });

  it('a view of a larger buffer is encoded, not the buffer', () => {
    const larger = Float32Array.of(9, 9, ...numbers, 9);
    const part = { ...latents, data: larger.subarray(2, 2 + numbers.length) };
    expect(encodeLatents(part).equals(encodeLatents(latents))).toBe(true);
  });

  it('the header is padded so that the data begins at a multiple of 8', () => {
    const file = encodeLatents(latents);
    expect(file.readBigUInt64LE(0) % 8n).toBe(0n);
    expect(file.subarray(-bytes.length).equals(bytes)).toBe(true);
  });

  it('[4,h,w] by any name when it is alone; "latents" among several; in float16 and bfloat16', async () => {
    const alone = fileOf({ anything: entry('F32', [4, 2, 3], 0, 96) }, bytes);
    expect(await read('x.SAFETENSORS', alone)).toEqual(latents);
    const several = {
      a: entry('F32', [1], 0, 4),
      latents: entry('F16', [1, 4, 1, 1], 4, 12),
      b: entry('U8', [1], 12, 13),
    };
    const halves = Uint8Array.of(0, 0x3c, 0, 0xbc, 0, 0x40, 1, 0);
    const file = fileOf(several, Buffer.concat([floats(7), halves, Buffer.of(1)]));
    expect(await read('x.safetensors', file)).toEqual({
      data: Float32Array.of(1, -1, 2, 2 ** -24),
      width: 1,
      height: 1,
    });
    const brain = fileOf({ x: entry('BF16', [1, 4, 1, 1], 0, 8) }, Uint8Array.of(0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0x80));
    expect([...(await read('x.safetensors', brain)).data]).toEqual([1, 0, -2, -0]);
  });

  it.each<[what: string, file: Uint8Array, says: string]>([
    [
      'several tensors and none named "latents"',
      fileOf({ a: entry('U8', [1], 0, 1), b: entry('U8', [1], 1, 2) }, Buffer.alloc(2)),
      'found 2: a, b',
    ],
    ['no tensor', fileOf('{}'), 'found 0'],
    ['a batch of two', fileOf({ x: entry('F32', [2, 4, 1, 1], 0, 32) }, Buffer.alloc(32)), 'got [2, 4, 1, 1]'],
    ['three channels', fileOf({ x: entry('F32', [1, 3, 2, 4], 0, 96) }, bytes), 'got [1, 3, 2, 4]'],
    ['rank 2', fileOf({ x: entry('F32', [4, 6], 0, 96) }, bytes), 'got [4, 6]'],
    ['rank 5', fileOf({ x: entry('F32', [1, 4, 2, 3, 1], 0, 96) }, bytes), 'got [1, 4, 2, 3, 1]'],
    ['no width', fileOf({ x: entry('F32', [1, 4, 2, 0], 0, 0) }), 'got [1, 4, 2, 0]'],
    ['integers', fileOf({ x: entry('I32', [1, 4, 2, 3], 0, 96) }, bytes), 'got I32'],
    ['NaN', fileOf({ x: entry('F32', [4, 1, 1], 0, 16) }, floats(1, 2, NaN, 4)), 'number 2 of its latents is NaN'],
    ['a broken header', fileOf('{"x":'), 'not JSON'],
    ['a broken download', encodeLatents(latents).subarray(0, -1), 'the download is incomplete'],
  ])('refuses %s', async (_, file, says) => {
    const error = await errorOf('LATENTS_INVALID', () => read('x.safetensors', file));
    expect(error.message).toContain(says);
    expect(error.scope).toBe('row');
  });
});

describe('npy', () => {
  const doubles = new Uint8Array(Float64Array.from(numbers).buffer);

  it.each<[what: string, file: Uint8Array]>([
    ['version 1', npyOf(npyHeader('<f4', '(1, 4, 2, 3)'), bytes)],
    ['version 2', npyOf(npyHeader('<f4', '(1, 4, 2, 3)'), bytes, 2)],
    ['version 3', npyOf(npyHeader('<f4', '(1, 4, 2, 3)'), bytes, 3)],
    ['float64', npyOf(npyHeader('<f8', '(1, 4, 2, 3)'), doubles)],
    ['without the batch', npyOf(npyHeader('<f4', '(4, 2, 3)'), bytes)],
    ['keys in another order', npyOf("{'shape':(1,4,2,3),'fortran_order':False,'descr':'<f4'}", bytes)],
    ['numpy’s own', Buffer.concat([Buffer.from(NUMPY_HEADER, 'latin1'), bytes])],
  ])('%s', async (_, file) => {
    expect(await read('x.npy', file)).toEqual(latents);
  });

  it('float16', async () => {
    const file = npyOf(npyHeader('<f2', '(4, 1, 1)'), Uint8Array.of(0, 0x3c, 0, 0xbc, 0, 0x40, 1, 0));
    expect([...(await read('x.npy', file)).data]).toEqual([1, -1, 2, 2 ** -24]);
  });

  it.each<[what: string, file: Uint8Array, says: string]>([
    ['nothing', Buffer.alloc(0), 'not a .npy file'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'not a .npy file'],
    ['a zip', Buffer.from('PK\x03\x04aaaaaaaaaaaa', 'latin1'), 'not a .npy file'],
    ['version 4', npyOf(npyHeader('<f4', '(1, 4, 2, 3)'), bytes, 4), 'not a .npy file of version 1, 2 or 3'],
    ['six bytes', Buffer.from('\x93NUMPY', 'latin1'), 'not a .npy file'],
    ['nine bytes', Buffer.from('\x93NUMPY\x01\x00\x10', 'latin1'), 'ends inside its header'],
    ['half a header', npyOf(npyHeader('<f4', '(1, 4, 2, 3)'), bytes).subarray(0, 40), 'ends inside its header'],
    [
      'a header of 4 GB',
      Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff', 'latin1'),
      'has a header of 4294967295 bytes',
    ],
    ['big-endian numbers', npyOf(npyHeader('>f4', '(1, 4, 2, 3)'), bytes), 'contains ">f4"'],
    ['integers', npyOf(npyHeader('<i4', '(1, 4, 2, 3)'), bytes), 'contains "<i4"'],
    ['pickled objects', npyOf(npyHeader('|O', '(1, 4, 2, 3)'), bytes), 'contains "|O"'],
    ['a structure', npyOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (24,), }", bytes), 'a structure'],
    ['a descr of Object', npyOf(npyHeader('toString', '(1, 4, 2, 3)'), bytes), 'contains "toString"'],
    ['Fortran order', npyOf(npyHeader('<f4', '(1, 4, 2, 3)', 'True'), bytes), 'Fortran order'],
    ['a negative shape', npyOf(npyHeader('<f4', '(-1, 4)'), bytes), 'no shape'],
    ['a shape with a gap', npyOf(npyHeader('<f4', '(1, 4, 2 3)'), bytes), 'needs NaN'],
    ['a shape of 2^80', npyOf(npyHeader('<f4', '(1208925819614629174706176,)'), bytes), 'has 96 bytes of data'],
    ['a lying shape', npyOf(npyHeader('<f4', '(1, 4, 2, 4)'), bytes), 'needs 128'],
    ['a scalar', npyOf(npyHeader('<f4', '()'), floats(1)), 'got []'],
    [
      'infinity',
      npyOf(npyHeader('<f4', '(4, 1, 1)'), floats(1, Infinity, 2, 3)),
      'number 1 of its latents is Infinity',
    ],
    [
      'float64 beyond float32',
      npyOf(npyHeader('<f8', '(4, 1, 1)'), new Uint8Array(Float64Array.of(1, 1e300, 2, 3).buffer)),
      'is Infinity',
    ],
  ])('refuses %s', async (_, file, says) => {
    expect((await errorOf('LATENTS_INVALID', () => read('x.npy', file))).message).toContain(says);
  });
});

it('latents of more than 8192×8192 pixels are refused before they are read', async () => {
  const size = 4 * 1025 * 1024 * 4;
  const file = fileOf({ x: entry('F32', [1, 4, 1025, 1024], 0, size) }, new Uint8Array(size));
  const { message } = await errorOf('LATENTS_INVALID', () => read('x.safetensors', file));
  expect(message).toContain('1025×1024');
});

it('refuses a missing file, and a file of another kind', async () => {
  const { message } = await errorOf('LATENTS_INVALID', () => readLatents('/no/such/latents.npy'));
  expect(message).toBe('Cannot read the latents /no/such/latents.npy: there is no such file.');
  const other = await errorOf('LATENTS_INVALID', () => readLatents('/tmp/latents.ckpt'));
  expect(other.message).toContain('expected a .safetensors, .npy, .pt or .pth file');
});

it.each(['npy', 'safetensors'])(
  'a strip longer than the pictures that are accepted is refused: .%s',
  async (kind) => {
    const strip = new Uint8Array(4 * 2049 * 4);
    const content =
      kind === 'npy'
        ? npyOf(npyHeader('<f4', '(1, 4, 1, 2049)'), strip)
        : fileOf({ latents: entry('F32', [1, 4, 1, 2049], 0, strip.length) }, strip);
    const { message } = await errorOf('LATENTS_INVALID', () => read(`x.${kind}`, content));
    expect(message).toContain('latents of 1×2049 are longer than 2048 positions');
  },
);
