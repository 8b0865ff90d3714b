/** One picture on the page: an embedded preview, a link to its file, or a note why there is neither. */
import { isAbsolute, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isRefineError, messageOf } from '../../errors.js';
import { type Tile, encodePreview, encodeTile } from '../../media/image/preview.js';
import { readPictureHeader } from '../../media/image/read-header.js';
import { type EncodedSource, readSource } from '../../media/image/read-source.js';
import type { PageSide, PictureSize } from './page-row.js';

export interface PreviewOptions {
  /** Longest side of a preview, in pixels. */
  maxSide: number;
  /** Absolute folder of the page, from which pictures are linked; null: they are embedded. */
  linkFrom: string | null;
}

export interface PicturePreview {
  side: PageSide;
  /** The preview to embed, as WebP. */
  webp: Uint8Array | null;
  size: PictureSize | null;
  /** Makes the picture for the contact sheet; null: no picture. */
  tile: ((side: number) => Promise<Tile>) | null;
}

export const missingPreview = (note: string): PicturePreview => ({
  side: { kind: 'missing', note },
  webp: null,
  size: null,
  tile: null,
});

/** A picture that cannot be shown gets a note instead of an error. @param where names the picture in notes */
export const makePreview = async (
  source: EncodedSource,
  where: string,
  options: PreviewOptions,
): Promise<PicturePreview> => {
  try {
    return (await linked(source, where, options)) ?? (await embedded(source, where, options));
  } catch (thrown) {
    if (isRefineError(thrown)) return missingPreview(messageOf(thrown));
    throw thrown;
  }
};

const embedded = async (source: EncodedSource, where: string, { maxSide }: PreviewOptions): Promise<PicturePreview> => {
  const bytes = await readSource(source);
  const { webp, header } = await encodePreview(bytes, where, maxSide);
  return { side: { kind: 'embedded' }, webp, size: header, tile: (side) => encodeTile(bytes, where, side) };
};

/** null: the source is not a file, or browsers do not show its format. */
const linked = async (
  source: EncodedSource,
  where: string,
  { linkFrom }: PreviewOptions,
): Promise<PicturePreview | null> => {
  if (linkFrom === null || source.kind !== 'file') return null;
  const size = await readPictureHeader(source, where);
  if (size.format === 'tiff') return null;
  const tile = async (side: number): Promise<Tile> => encodeTile(await readSource(source), where, side);
  return { side: { kind: 'linked', url: urlFrom(linkFrom, source.path) }, webp: null, size, tile };
};

/** Relative, so that page and pictures can move together; an absolute URL for another drive of Windows. */
const urlFrom = (folder: string, path: string): string => {
  const fromFolder = relative(folder, path);
  return isAbsolute(fromFolder) ? pathToFileURL(path).href : fromFolder.split(sep).map(encodeURIComponent).join('/');
};
