import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { goldenData } from '../../../support/golden.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fixture = (name: string): string => goldenData('latents', name);
const plain = Float32Array.from({ length: 24 }, (_, index) => index);

describe('files of torch.save', () => {
  it.each(['float32.pt', 'float16-in-dict.pt', 'bfloat16-in-list.pt', 'channels-last.pt', 'second-of-two.pth'])(
    'reads %s',
    async (name) => {
      expect(await readLatents(fixture(name))).toEqual({ data: plain, width: 3, height: 2 });
    },
  );

  it.each([
    ['two-tensors.pt', /contains 2 tensors; expected one/],
    ['float64.pt', /torch\.DoubleStorage", expected float32, float16 or bfloat16/],
    ['before-1.6.pt', /not a zip archive, which torch\.save writes since torch 1\.6/],
  ])('refuses %s with the reason', async (name, says) => {
    await expect(readLatents(fixture(name))).rejects.toMatchObject({ code: 'LATENTS_INVALID' });
    await expect(readLatents(fixture(name))).rejects.toThrow(says);
  });
});

interface Entry {
  name: string;
  data: Uint8Array;
  method?: number;
  flags?: number;
}

/** A zip archive of stored entries (PKWARE APPNOTE 6.3.10, 4.3), or of what only says it is something else. */
const zipOf = (entries: readonly Entry[], count = entries.length): Buffer => {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const { name, data, method = 0, flags = 0 } of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt32LE(data.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(name), Buffer.from(data));
    centrals.push(central, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
};

/** Opcodes of pickle (CPython 3.12 Lib/pickletools.py). */
const op = {
  name: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`),
  text: (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Buffer.byteLength(text));
    return Buffer.concat([Buffer.from('X'), length, Buffer.from(text)]);
  },
  int: (value: number): Buffer => {
    const bytes = Buffer.alloc(5, 'J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  },
};

interface Described {
  size?: number;
  offset?: number;
  shape?: number[];
  strides?: number[];
  storage?: string;
}

const tuple = (values: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from('('), ...values, Buffer.from('t')]);

const pickleOf = ({
  size = 24,
  offset = 0,
  shape = [1, 4, 2, 3],
  strides = [24, 6, 3, 1],
  storage = '0',
}: Described): Buffer =>
  Buffer.concat([
    Buffer.from([0x80, 2]),
    op.name('torch._utils', '_rebuild_tensor_v2'),
    tuple([
      Buffer.concat([
        tuple([op.text('storage'), op.name('torch', 'FloatStorage'), op.text(storage), op.text('cpu'), op.int(size)]),
        Buffer.from('Q'),
      ]),
      op.int(offset),
      tuple(shape.map(op.int)),
      tuple(strides.map(op.int)),
      Buffer.from([0x89]),
      Buffer.concat([op.name('collections', 'OrderedDict'), Buffer.from(')R')]),
    ]),
    Buffer.from('R.'),
  ]);

const numbers = Buffer.from(plain.buffer);
const archive = (pickle: Uint8Array, data: Uint8Array = numbers): Buffer =>
  zipOf([
    { name: 'x/data.pkl', data: pickle },
    { name: 'x/byteorder', data: Buffer.from('little') },
    { name: 'x/data/0', data },
  ]);

const read = async (file: Uint8Array): Promise<unknown> => {
  const path = join(folder, 'x.pt');
  writeFileSync(path, file);
  return readLatents(path);
};

describe('handmade files', () => {
  it('reads a file as torch writes it', async () => {
    expect(await read(archive(pickleOf({})))).toEqual({ data: plain, width: 3, height: 2 });
    /* An expanded tensor: every row is the same. */
    expect(await read(archive(pickleOf({ strides: [24, 6, 0, 1] })))).toMatchObject({ width: 3, height: 2 });
  });

  const evil = Buffer.concat([
    Buffer.from([0x80, 2]),
    op.name('os', 'system'),
    tuple([op.text('true')]),
    Buffer.from('R.'),
  ]);
  it.each<[string, Uint8Array, RegExp]>([
    ['a function', archive(evil), /names "os\.system", which is refused: it could run any code/],
    ['getattr of builtins', archive(op.name('builtins', 'getattr')), /refused/],
    ['an opcode that builds', archive(Buffer.concat([pickleOf({}).subarray(0, -1), Buffer.from('b.')])), /opcode 0x62/],
    ['an opcode that makes instances', archive(Buffer.from([0x80, 2, 0x81])), /opcode 0x81/],
    ['a pickle of protocol 0', archive(Buffer.from('I1\n.')), /opcode 0x49/],
    ['an empty pickle', archive(Buffer.alloc(0)), /pickle is damaged/],
    ['a pickle that ends in the middle', archive(pickleOf({}).subarray(0, 60)), /pickle is damaged/],
    ['a list without a mark', archive(Buffer.from('t.')), /pickle is damaged/],
    ['a memo of nothing', archive(Buffer.from('hA.')), /pickle is damaged/],
    ['text longer than the file', archive(Buffer.from('X\xff\xff\xff\xffa.', 'latin1')), /pickle is damaged/],
    ['a pickle of 70 000 bytes', archive(Buffer.alloc(70_000, 'N')), /70000 bytes, more than 65536/],
    ['no tensor', archive(Buffer.from('N.')), /contains 0 tensors/],
    ['a tensor beyond its data', archive(pickleOf({ offset: 1 })), /reaches beyond its data/],
    ['a tensor before its data', archive(pickleOf({ offset: -1 })), /pickle is damaged/],
    ['negative strides', archive(pickleOf({ strides: [24, 6, 3, -1] })), /pickle is damaged/],
    ['fewer strides than sides', archive(pickleOf({ strides: [1] })), /pickle is damaged/],
    ['a tensor of nine sides', archive(pickleOf({ shape: Array(9).fill(1) as number[], strides: Array(9).fill(1) as number[] })), /pickle is damaged/],
    ['a storage of another size', archive(pickleOf({ size: 2_000_000_000 })), /of another size/],
    ['a storage that is elsewhere', archive(pickleOf({ storage: '../../etc/passwd' })), /not where its pickle says/],
    ['a tensor of other sides', archive(pickleOf({ shape: [1, 3, 2, 4] })), /expected latents \[1, 4, height, width\]/],
    ['an enormous tensor', archive(pickleOf({ shape: [1, 4, 2_000_000, 2_000_000] })), /longer than 2048 positions/],
    [
      'a tensor spread thin',
      archive(pickleOf({ size: 24_000, strides: [0, 6000, 1, 1] }), Buffer.alloc(96_000)),
      /spread over 18004 numbers/,
    ],
    ['numbers that are not finite', archive(pickleOf({}), Buffer.alloc(96, 0xff)), /must be finite/],
    ['not a zip archive', Buffer.from('not a zip archive, and long enough to hold one'), /not a zip archive/],
    ['an empty file', Buffer.alloc(0), /not a zip archive/],
    ['another archive', zipOf([{ name: 'a.txt', data: Buffer.from('a') }]), /it has no data\.pkl/],
    ['a compressed pickle', zipOf([{ name: 'x/data.pkl', data: pickleOf({}), method: 8 }]), /compressed or encrypted/],
    ['an encrypted pickle', zipOf([{ name: 'x/data.pkl', data: pickleOf({}), flags: 1 }]), /compressed or encrypted/],
    [
      'two pickles',
      zipOf(['x', 'y'].map((root) => ({ name: `${root}/data.pkl`, data: pickleOf({}) }))),
      /no data\.pkl/,
    ],
    ['one name twice', zipOf([1, 2].map(() => ({ name: 'x/data.pkl', data: pickleOf({}) }))), /twice/],
    ['65 entries', zipOf([], 65), /65 entries, more than 64/],
    ['a directory that ends early', zipOf([{ name: 'a', data: Buffer.from('a') }], 2), /directory is damaged/],
    [
      'big-endian numbers',
      zipOf([
        { name: 'x/data.pkl', data: pickleOf({}) },
        { name: 'x/byteorder', data: Buffer.from('big') },
      ]),
      /not little-endian/,
    ],
  ])('refuses %s', async (_, file, says) => {
    await expect(read(file)).rejects.toMatchObject({ code: 'LATENTS_INVALID' });
    await expect(read(file)).rejects.toThrow(says);
  });

  it('refuses a file cut anywhere; a flipped byte is an error or another number', async () => {
    const file = readFileSync(fixture('float32.pt'));
    for (let length = 0; length < file.length; length += 13) {
      await expect(read(file.subarray(0, length))).rejects.toMatchObject({ code: 'LATENTS_INVALID' });
    }
    for (let at = 0; at < file.length; at += 7) {
      const flipped = Buffer.from(file);
      flipped[at] = (flipped[at] ?? 0) ^ 0x55;
      const outcome = await read(flipped).catch((error: unknown) => (error as { code: string }).code);
      expect(typeof outcome === 'object' || outcome === 'LATENTS_INVALID').toBe(true);
    }
  });
});
