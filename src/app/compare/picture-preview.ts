/** What the page gets of one picture: a preview, or a link to its file, or the reason why there is neither. */
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
  /** The page's folder, absolute, if pictures are linked; null: they are embedded. */
  linkFrom: string | null;
}

export interface PicturePreview {
  side: PageSide;
  /** The preview to embed, as WebP. */
  webp: Uint8Array | null;
  size: PictureSize | null;
  /** The picture for the contact sheet; null: there is none. */
  tile: ((side: number) => Promise<Tile>) | null;
}

export const missingPreview = (note: string): PicturePreview => ({
  side: { kind: 'missing', note },
  webp: null,
  size: null,
  tile: null,
});

/** @param where names the picture in notes. A picture that cannot be shown is no error: its note says why. */
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

/** null: it is no file, or none that a browser shows. */
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

/** Relative, so that page and pictures can be moved together; on Windows another drive has no relative path. */
const urlFrom = (folder: string, path: string): string => {
  const way = relative(folder, path);
  return isAbsolute(way) ? pathToFileURL(path).href : way.split(sep).map(encodeURIComponent).join('/');
};
