/** What a TIFF's first directory says of its samples: libvips reads some of them as if they were RGB, and calls others damaged. */

/** Bytes of a file from `position` on; fewer where it ends. */
export type ReadAt = (position: number, length: number) => Promise<Uint8Array>;

/** Tags of TIFF 6.0 and DNG. */
const TAGS = {
  subfile: 254,
  bits: 258,
  compression: 259,
  photometric: 262,
  channels: 277,
  planes: 284,
  inks: 332,
  subsampling: 530,
  dng: 50_706,
} as const;
type Tag = keyof typeof TAGS;

/** Values of tags that the directory has. */
export type TiffTags = Readonly<Partial<Record<Tag, readonly number[]>>>;

/** Bytes for each value of TIFF's unsigned integer types: BYTE, SHORT, LONG, LONG8. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 16: 8 };
const MAX_ENTRIES = 4096;
/** Of the tags read here, only the samples' bits may be more. */
const MAX_VALUES = 8;

/** @returns null if the file is no TIFF; no tags where its directory cannot be read */
export const readTiffTags = async (read: ReadAt): Promise<TiffTags | null> => {
  const head = Buffer.from(await read(0, 16));
  const sign = head.toString('latin1', 0, 4);
  const isLittle = sign === 'II*\0' || sign === 'II+\0';
  if (head.length < 16 || (!isLittle && sign !== 'MM\0*' && sign !== 'MM\0+')) return null;
  const isBig = sign.includes('+');
  const [pointer, counter, entry] = isBig ? [8, 8, 20] : [4, 2, 12];
  const numberAt = (bytes: Buffer, at: number, width: number): number => {
    if (width === 8) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return isLittle ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width);
  };
  const bytesAt = async (position: number, length: number): Promise<Buffer> =>
    Number.isSafeInteger(position) ? Buffer.from(await read(position, length)) : Buffer.alloc(0);
  const start = numberAt(head, isBig ? 8 : 4, pointer);
  const count = await bytesAt(start, counter);
  if (count.length < counter) return {};
  const entries = await bytesAt(start + counter, entry * Math.min(numberAt(count, 0, counter), MAX_ENTRIES));
  const tags: Partial<Record<Tag, number[]>> = {};
  for (let at = 0; at + entry <= entries.length; at += entry) {
    const number = numberAt(entries, at, 2);
    const tag = (Object.keys(TAGS) as Tag[]).find((name) => TAGS[name] === number);
    const width = TYPE_BYTES[numberAt(entries, at + 2, 2)];
    if (tag === undefined || width === undefined) continue;
    const total = width * numberAt(entries, at + 4, pointer);
    const value = at + 4 + pointer;
    const bytes =
      total <= pointer
        ? entries.subarray(value, value + total)
        : await bytesAt(numberAt(entries, value, pointer), Math.min(total, width * MAX_VALUES));
    tags[tag] = Array.from({ length: Math.floor(bytes.length / width) }, (_, i) => numberAt(bytes, i * width, width));
  }
  return tags;
};

const [INKS, YCBCR, LAB] = [5, 6, 8];
const CMYK = 1;
/** libvips converts these: grey, RGB, palettes, CMYK, YCbCr, Lab. */
const CONVERTED = [0, 1, 2, 3, INKS, YCBCR, LAB];
/** Others, by their numbers: TIFF 6.0, its technical notes, DNG. */
const COLOURS: Readonly<Record<number, string>> = {
  4: 'of a transparency mask',
  9: 'ICCLab',
  10: 'ITULab',
  32803: 'of a sensor (CFA)',
  32844: 'LogL',
  32845: 'LogLuv',
  34892: 'of a sensor (linear raw)',
  51177: 'of a depth map',
};
/** Compressions that libtiff knows only by their numbers. */
const COMPRESSIONS: Readonly<Record<string, string>> = {
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34712: 'JPEG 2000',
  34892: 'lossy JPEG of DNG',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};
const JPEGS = [6, 7];

const firstOf = (values: readonly number[] | undefined, byDefault: number): number => values?.[0] ?? byDefault;
/** Number of bits of a sample if all have the same number, else 0. */
const bitsOf = ({ bits = [1] }: TiffTags): number => (bits.every((bit) => bit === bits[0]) ? (bits[0] ?? 1) : 0);

/** Reason why a TIFF is refused although libvips opens it, as the end of a sentence; null if there is none. */
export const tiffProblem = (tags: TiffTags): string | null => {
  const photometric = firstOf(tags.photometric, 1);
  if (tags.dng !== undefined || firstOf(tags.subfile, 0) % 2 === 1) {
    return 'begins with a preview of another picture in the file, as camera raw files do; save the picture itself as TIFF or PNG';
  }
  if (!CONVERTED.includes(photometric)) {
    const name = COLOURS[photometric] ?? `of photometric interpretation ${photometric}`;
    return `has the unsupported colour space ${name}; save as grey, RGB or CMYK`;
  }
  if (photometric === INKS && (firstOf(tags.inks, CMYK) !== CMYK || firstOf(tags.channels, 1) < 4)) {
    return 'has inks other than those of CMYK; save as grey, RGB or CMYK';
  }
  if (photometric === LAB && bitsOf(tags) === 16 && firstOf(tags.planes, 1) !== 1) {
    return 'has Lab samples in planes; save them interleaved, or as RGB';
  }
  if (photometric !== YCBCR || JPEGS.includes(firstOf(tags.compression, 1))) return null;
  /* libtiff converts subsampled YCbCr of 8 bits; libvips takes other YCbCr for RGB, or fails when it decodes it. */
  const [across = 2, down = across] = tags.subsampling ?? [];
  const isConverted = across * down > 1 && bitsOf(tags) === 8 && firstOf(tags.planes, 1) === 1;
  return isConverted ? null : 'has YCbCr samples that are not compressed as JPEG; save as RGB';
};

/** libvips' reason for a TIFF that it cannot decode, as the end of a sentence; null if it found damage. */
export const unreadLayout = (reason: string): string | null => {
  if (reason.includes('tiled separate planes')) return 'has its channels in tiled planes; save them interleaved';
  const [, name, number = ''] = UNREAD.exec(reason) ?? [];
  if (name === undefined && number === '') return null;
  return `is a TIFF compressed as ${name ?? COMPRESSIONS[number] ?? `scheme ${number}`}, which cannot be read; save with LZW or Deflate`;
};

const UNREAD = /(?:tiff2vips: )?(\S.{0,30}) compression support is not configured|Compression scheme (\d+) /;

/** Reason why libvips cannot open a TIFF, if its tags show it. */
export const tiffFailure = (tags: TiffTags): string | null => {
  const [bits, channels] = [bitsOf(tags), firstOf(tags.channels, 1)];
  if (bits === 0) return 'has samples of different numbers of bits; save as unsigned 8 or 16 bits';
  if (![1, 2, 4, 8, 16, 32, 64].includes(bits)) return `has ${bits}-bit samples; save as unsigned 8 or 16 bits`;
  if (bits < 8 && channels > 1) return `has ${channels} channels of ${bits}-bit samples; save as unsigned 8 or 16 bits`;
  if (bits === 8 && firstOf(tags.photometric, 1) === LAB)
    return 'has 8-bit Lab samples; save as RGB, or as Lab with 16 bits';
  return null;
};
