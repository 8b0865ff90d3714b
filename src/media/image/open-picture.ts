import type { Metadata, Sharp } from 'sharp';
import { RefineError, messageOf } from '../../errors.js';
import { hideUriSecrets } from '../../records/uri-secrets.js';
import { sharp } from './configured-sharp.js';
import { sampleProblem } from './check-samples.js';
import { paddedPixelCount } from './fit.js';
import { SIGN_BYTES, unsupportedFormat } from './unsupported-formats.js';
import { MAX_PIXELS, MAX_SIDE } from './limits.js';
import { readTiffTags, tiffFailure, tiffProblem, type ReadAt, unreadLayout } from './tiff-samples.js';
import { withoutPngTexts } from './without-png-texts.js';

const FORMATS = ['png', 'jpeg', 'webp', 'tiff', 'avif', 'gif'] as const;
export type PictureFormat = (typeof FORMATS)[number];

/** Contents of a picture's header. */
export interface PictureHeader {
  format: PictureFormat;
  /** Pixels, after the EXIF orientation is applied. */
  width: number;
  height: number;
  /** The file has an alpha channel; every GIF has. Only decoding shows whether a pixel is transparent. */
  hasAlpha: boolean;
}

export interface OpenedPicture {
  image: Sharp;
  header: PictureHeader;
  /** sharp's metadata of the file. */
  metadata: Metadata;
}

/**
 * Opens an encoded picture (bytes, or a path and what reads there) and reads its header; no pixel is decoded.
 * Fails with `IMAGE_UNDECODABLE`, or with `IMAGE_TOO_LARGE` above `MAX_PIXELS` or `MAX_SIDE`. `source` names the picture in
 * messages, which omit the query of a URL.
 */
export async function openPicture(
  input: Uint8Array | { path: string; read: ReadAt },
  source: string,
): Promise<OpenedPicture> {
  const where = hideUriSecrets(source);
  const [from, read] = 'path' in input ? [input.path, input.read] : [input, readerOf(input)];
  const tags = await readTiffTags(read);
  const rawProblem = tags === null ? null : tiffProblem(tags);
  if (rawProblem !== null) throw unsupported(where, rawProblem);
  const { image, metadata } = await readMetadata(from).catch(async (thrown: unknown) => {
    const foreign = unsupportedFormat(await read(0, SIGN_BYTES));
    if (foreign !== null) throw unsupported(where, `is ${foreign}, which is not supported; ${READ}`);
    const reason = tags === null ? null : tiffFailure(tags);
    throw reason === null ? undecodable(where, thrown) : unsupported(where, reason);
  });
  const problem = sampleProblem(metadata);
  if (problem !== null) throw unsupported(where, problem);
  const header = headerOf(metadata, where);
  const { width, height } = header;
  const tooLarge = (limit: number, accepted: string): RefineError =>
    new RefineError('IMAGE_TOO_LARGE', `${where} has ${width}×${height} pixels; ${accepted}. Scale it down.`, {
      context: { width, height, limit },
    });
  if (Math.max(width, height) > MAX_SIDE) throw tooLarge(MAX_SIDE, `at most ${MAX_SIDE} a side are accepted`);
  if (paddedPixelCount(header) > MAX_PIXELS) {
    throw tooLarge(MAX_PIXELS, `at most ${MAX_PIXELS} (8192×8192) are accepted, counted in blocks of 8×8`);
  }
  /* sharp converts 16-bit colours with a profile to Display P3, and treats P3 values as sRGB unless an output profile is named. */
  if (metadata.space === 'rgb16' && metadata.hasProfile) image.withIccProfile('srgb', { attach: false });
  return { image, header, metadata };
}

const readerOf =
  (bytes: Uint8Array): ReadAt =>
  (position, length) =>
    Promise.resolve(bytes.subarray(position, position + length));

async function readMetadata(input: string | Uint8Array): Promise<{ image: Sharp; metadata: Metadata }> {
  // libvips decompresses a PNG's texts, and sharp copies them on the main thread. `media/metadata` reads them itself.
  const from = typeof input === 'string' ? input : withoutPngTexts(input);
  // 'error' refuses truncated files; the stricter 'warning' also refuses valid ones, such as JPEGs with stray bytes between markers.
  const image = sharp(from, { autoOrient: true, failOn: 'error', limitInputPixels: false });
  return { image, metadata: await image.metadata() };
}

function headerOf(metadata: Metadata, where: string): PictureHeader {
  const { width, height } = metadata.autoOrient;
  return { format: formatOf(metadata, where), width, height, hasAlpha: metadata.hasAlpha };
}

function formatOf({ format, compression }: Metadata, where: string): PictureFormat {
  // libvips names the container: AVIF is HEIF with AV1. It cannot decode HEIC, which is HEIF with HEVC.
  const name = compression === 'av1' ? 'avif' : format;
  const known = FORMATS.find((candidate) => candidate === name);
  if (known === undefined) throw undecodable(where, `${format} ${compression ?? ''}`);
  return known;
}

const READ = 'save as PNG, JPEG, WebP, TIFF or AVIF';

const unsupported = (where: string, problem: string): RefineError =>
  new RefineError('IMAGE_UNDECODABLE', `${where} ${problem}.`);

/** libvips' error for a file that it cannot read, with a remedy. */
export function undecodable(source: string, thrown: unknown): RefineError {
  const [reason = ''] = messageOf(thrown).split('\n');
  /* libvips' message for a TIFF with more than 32 bits per sample. */
  if (reason.includes('samples out of range')) {
    return unsupported(hideUriSecrets(source), 'has 64-bit samples, or complex ones; save as unsigned 8 or 16 bits');
  }
  const layout = unreadLayout(reason);
  if (layout !== null) return unsupported(hideUriSecrets(source), layout);
  const found = `is damaged, truncated, or not a PNG, JPEG, WebP, TIFF, AVIF or GIF picture (${reason.trim()})`;
  const message = `${hideUriSecrets(source)} ${found}. Open it in a viewer and save it again.`;
  return new RefineError('IMAGE_UNDECODABLE', message, { cause: thrown });
}
