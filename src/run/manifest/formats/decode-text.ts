/** Converts a manifest's bytes to UTF-8: decodes UTF-16 with a byte order mark, and refuses binary formats by name. */
import { StringDecoder } from 'node:string_decoder';
import { RefineError } from '../../../errors.js';
import { encodeText } from './lone-surrogates.js';
import { placeOf } from './raw-row.js';

/** Enough for every byte order mark, and to detect the zeros between letters in UTF-16. */
const HEAD_BYTES = 64;

const MARKS = [
  { name: 'UTF-32', mark: [0xff, 0xfe, 0, 0] },
  { name: 'UTF-32', mark: [0, 0, 0xfe, 0xff] },
  { name: 'utf-8', mark: [0xef, 0xbb, 0xbf] },
  { name: 'utf-16le', mark: [0xff, 0xfe] },
  { name: 'utf-16be', mark: [0xfe, 0xff] },
] as const;

/** First bytes of binary formats, whose extensions may be wrong. */
const BINARIES: readonly (readonly [head: string, what: string])[] = [
  ['PK\x03\x04', 'a ZIP archive, as Excel’s .xlsx is: save the table as “CSV UTF-8”'],
  ['\xd0\xcf\x11\xe0', 'an Excel workbook (.xls): save the table as “CSV UTF-8”'],
  ['\x1f\x8b', 'gzip data: unpack it'],
  ['PAR1', 'a Parquet file: write it as JSON lines, such as with pandas’ to_json(orient="records", lines=True)'],
];

const startsWith = (bytes: Buffer, mark: readonly number[]): boolean => mark.every((byte, at) => bytes[at] === byte);

const fail = (inputName: string, found: string): never => {
  throw new RefineError('MANIFEST_SYNTAX', `Expected text in UTF-8 (${placeOf(inputName, 1)}), found ${found}`, {
    context: { input: inputName, line: 1 },
  });
};

/** UTF-16 without a byte order mark has a zero beside each ASCII letter, and keys are ASCII. */
const refuseUnmarked = (head: Buffer, inputName: string): void => {
  const zerosAt = (parity: number): number => head.filter((byte, at) => byte === 0 && at % 2 === parity).length;
  const [even, odd] = [zerosAt(0), zerosAt(1)];
  /* A single NUL, such as in a cell, is a character of its row. */
  if (Math.max(even, odd) <= head.length / 8) return;
  if (even > 0 && odd > 0) fail(inputName, 'NUL bytes: it is not a text file');
  const order = odd > 0 ? 'UTF-16 LE' : 'UTF-16 BE';
  fail(inputName, `${order} without a byte order mark: save it as UTF-8, or with the mark`);
};

interface Utf16 {
  decode: (bytes: Buffer) => Buffer;
  /** The rest of a pair. @throws RefineError MANIFEST_SYNTAX */
  flush: () => Buffer;
}

const utf16 = (isBigEndian: boolean, inputName: string): Utf16 => {
  /* Joins pairs that come in two pieces. */
  const decoder = new StringDecoder('utf16le');
  let odd: Buffer = Buffer.alloc(0);
  return {
    decode: (bytes) => {
      const all = Buffer.concat([odd, bytes]);
      const units = all.subarray(0, all.length - (all.length % 2));
      odd = all.subarray(units.length);
      return encodeText(decoder.write(isBigEndian ? units.swap16() : units));
    },
    flush: () => {
      if (odd.length === 0) return encodeText(decoder.end());
      throw new RefineError(
        'MANIFEST_SYNTAX',
        `Expected UTF-16, whose characters have an even number of bytes, found an odd one at the end of ${inputName === '-' ? 'standard input' : inputName}: the file is cut, or has text in another encoding at its end`,
        { context: { input: inputName } },
      );
    },
  };
};

/**
 * @returns UTF-8 without a byte order mark. Invalid UTF-8 passes unchanged: it fails its row, not the run.
 *   Lone surrogates of UTF-16 are as `encodeText` writes them
 * @throws RefineError MANIFEST_SYNTAX
 */
export async function* decodeText(chunks: AsyncIterable<Buffer>, inputName: string): AsyncGenerator<Buffer> {
  let decode = (bytes: Buffer): Buffer => bytes;
  let flush = (): Buffer => Buffer.alloc(0);
  const begin = (head: Buffer): Buffer => {
    const { name, mark } = MARKS.find((candidate) => startsWith(head, candidate.mark)) ?? { name: 'utf-8', mark: [] };
    if (name === 'UTF-32') return fail(inputName, 'UTF-32: save it as UTF-8');
    const binary = BINARIES.find(([begins]) => startsWith(head, [...Buffer.from(begins, 'latin1')]));
    if (binary !== undefined) return fail(inputName, binary[1]);
    if (name === 'utf-8') refuseUnmarked(head.subarray(0, HEAD_BYTES), inputName);
    else {
      ({ decode, flush } = utf16(name === 'utf-16be', inputName));
    }
    return decode(head.subarray(mark.length));
  };
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === null) {
      yield decode(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    yield begin(head);
    head = null;
  }
  if (head !== null) yield begin(head);
  yield flush();
}
