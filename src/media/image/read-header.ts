import { platform } from 'node:process';
import type { FetchOptions } from './fetch-picture.js';
import { SIGN_BYTES } from './unsupported-formats.js';
import { type PictureHeader, openPicture } from './open-picture.js';
import { readUpTo } from '../../io/files/open-file.js';
import type { ReadAt } from './tiff-samples.js';
import { isPng, readPngHead } from './without-png-texts.js';
import { withPictureFile } from './read-file.js';
import { type EncodedSource, readSource } from './read-source.js';

/**
 * The header of a row's picture. Of a file only the header is read; a URL is fetched whole, since formats have their
 * headers at different places. Errors as for `readSource` and `openPicture`. `where` names the picture in messages.
 */
export async function readPictureHeader(
  source: EncodedSource,
  where: string,
  options: FetchOptions = {},
): Promise<PictureHeader> {
  if (source.kind !== 'file') return (await openPicture(await readSource(source, options), where)).header;
  return withPictureFile(source.path, async (handle, size) => {
    /* libvips opens files by name and parses a `[…]` at the end as options: the open file's /proc path avoids that. */
    const isNamed = platform === 'linux';
    const head = await readUpTo(handle, 0, isNamed ? SIGN_BYTES : size);
    /* By name, libvips would decompress a PNG's texts. */
    if (isPng(head)) return (await openPicture(await readPngHead(handle, size), where)).header;
    const read: ReadAt = (position, length) => readUpTo(handle, position, length);
    return (await openPicture(isNamed ? { path: `/proc/self/fd/${handle.fd}`, read } : head, where)).header;
  });
}
