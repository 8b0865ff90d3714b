/**
 * Parses and validates the header of a safetensors file. Pure.
 * A file has 8 bytes with the header's length, the header (a JSON object, may be padded with spaces), and the data of
 * all tensors without holes. Rules: README.md and `Metadata::validate` of safetensors 0.8.0.
 */
import { isObject, parseJsonObject } from '../../../io/json/parse-json.js';
import { bytesOf, type Dtype, isDtype } from './dtypes.js';
import { headerError, incompleteError } from './header-error.js';
import { PREFIX_BYTES } from './header-length.js';
import { formatValue } from './format-value.js';

/** SDXL's largest checkpoint has about 2 600 tensors; the largest files of language models stay below this. */
const MAX_TENSORS = 100_000;
/** An entry has about 20 JSON tokens in 3 levels; the rest is for future fields of the format. */
const LIMITS = { maxTokens: 40 * MAX_TENSORS, maxDepth: 8 };
/** These networks' tensors have at most 4 dimensions; the reference implementation is tested with up to 8. */
const MAX_RANK = 8;
const METADATA_KEY = '__metadata__';
const BRACE = 0x7b;

/** One tensor: type, shape and range in the file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface SafetensorsHeader {
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Parses and checks a header.
 * @param header the JSON bytes, without the 8 bytes before them
 * @param fileSize bytes of the whole file
 * @param where names the file in messages
 * @throws WEIGHTS_HEADER_INVALID naming the file, and the invalid tensor if any
 */
export const parseSafetensorsHeader = (header: Uint8Array, fileSize: number, where: string): SafetensorsHeader => {
  if (header[0] !== BRACE) {
    throw headerError(where, 'its header does not begin with "{": this is not a safetensors file');
  }
  const parsed = parseJsonObject(header, LIMITS, (what) => headerError(where, `its header ${what}`));
  const { [METADATA_KEY]: metadata, ...entries } = parsed;
  const dataStart = PREFIX_BYTES + header.length;
  const tensors = Object.entries(entries)
    .map(([name, raw]): NamedEntry => [name, parseEntry(raw, dataStart, place(where, name))])
    .sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  if (tensors.length > MAX_TENSORS) {
    throw headerError(where, `it has ${tensors.length} tensors, more than ${MAX_TENSORS}`);
  }
  checkLayout(tensors, dataStart, fileSize, where);
  return { tensors: new Map(tensors), metadata: parseMetadata(metadata, where) };
};

type NamedEntry = readonly [name: string, entry: TensorEntry];

const place = (where: string, name: string): string => `${where}, tensor ${formatValue(name)}`;

const parseEntry = (raw: unknown, dataStart: number, where: string): TensorEntry => {
  const { dtype, shape, data_offsets: offsets } = isObject(raw) ? raw : {};
  if (!isDtype(dtype)) throw headerError(where, `"dtype" is ${formatValue(dtype)}, not a safetensors element type`);
  if (!isCounts(shape) || shape.length > MAX_RANK) {
    throw headerError(where, `"shape" is ${formatValue(shape)}, not a list of at most ${MAX_RANK} integers`);
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw headerError(where, `"data_offsets" is ${formatValue(offsets)}, not two integers`);
  }
  const [begin = 0, end = 0] = offsets;
  const byteLength = end - begin;
  const needed = bytesOf(dtype, shape);
  if (byteLength !== needed) {
    const need = Number.isNaN(needed) ? 'no countable number of whole' : needed;
    throw headerError(
      where,
      `${dtype} ${formatValue(shape)} is ${need} bytes, but "data_offsets" ${formatValue(offsets)} have ${byteLength}`,
    );
  }
  return { dtype, shape, offset: dataStart + begin, byteLength };
};

/** Refuses overlaps, holes and trailing bytes: every byte belongs to one tensor, so all readers agree. */
const checkLayout = (tensors: readonly NamedEntry[], dataStart: number, fileSize: number, where: string): void => {
  const end = tensors.reduce((furthest, [, entry]) => Math.max(furthest, entry.offset + entry.byteLength), dataStart);
  if (end > fileSize) throw incompleteError(where, fileSize, String(end));
  let expected = dataStart;
  for (const [name, { offset, byteLength }] of tensors) {
    if (offset !== expected) {
      const fault = offset < expected ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw headerError(place(where, name), `its data begins at byte ${offset}, not ${expected}: it ${fault}`);
    }
    expected += byteLength;
  }
  if (end < fileSize) throw headerError(where, `${fileSize - end} bytes after its last tensor belong to none`);
};

const parseMetadata = (raw: unknown, where: string): ReadonlyMap<string, string> => {
  const metadata = new Map<string, string>();
  // Early versions of the reference implementation write null for none.
  if (raw === undefined || raw === null) return metadata;
  if (!isObject(raw)) throw headerError(where, `"${METADATA_KEY}" is ${formatValue(raw)}, not an object`);
  for (const [key, value] of Object.entries(raw)) {
    if (typeof value !== 'string') {
      throw headerError(where, `"${METADATA_KEY}" maps ${formatValue(key)} to ${formatValue(value)}, not text`);
    }
    metadata.set(key, value);
  }
  return metadata;
};

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
