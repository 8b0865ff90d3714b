/** Small wheels: zip archives (PKWARE APPNOTE 4.3) of texts, as the tables of libraries list them. */
import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { Wheel } from '#src/onnx/libraries/cuda-wheels.js';

export interface MadeWheel extends Wheel {
  content: Buffer;
}

export interface WheelEntry {
  path: string;
  data: Buffer;
  /** Default: the size of the data. */
  toldSize?: number;
}

/** @param entries what is in the archive; `taken` of it, by path in the archive, is what the table lists */
export const makeWheel = (
  project: string,
  entries: readonly WheelEntry[],
  { taken = entries, isEngine = false }: { taken?: readonly WheelEntry[]; isEngine?: boolean } = {},
): MadeWheel => {
  const content = zip(entries);
  return {
    project,
    version: '1.0',
    file: `${project.replaceAll('-', '_')}-1.0-py3-none-any.whl`,
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    isEngine,
    files: taken.map(({ path, data }) => ({ path, name: path.slice(path.lastIndexOf('/') + 1), bytes: data.length })),
    content,
  };
};

export const zip = (entries: readonly WheelEntry[]): Buffer => {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { path, data, toldSize = data.length } of entries) {
    const name = Buffer.from(path);
    const packed = deflateRawSync(data);
    /* Version 2.0, no flags, deflate, 1980-01-01, and the sizes. */
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt16LE(33, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(toldSize, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, name, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\u0001\u0002'), Buffer.of(20, 0), common, tail, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\u0005\u0006'), end]);
};

/** CRC-32 of zip (APPNOTE 4.4.7). Node 20 has none. */
const crc32 = (data: Buffer): number => {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb88320);
  }
  return (crc ^ 0xffffffff) >>> 0;
};
