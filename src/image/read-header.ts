import { readFile } from 'node:fs/promises';
import type { FetchOptions } from './fetch-picture.js';
import { type PictureHeader, openPicture } from './open-picture.js';
import { checkPictureFile } from './read-file.js';
import { type EncodedSource, readSource } from './read-source.js';

/**
 * The header of a row's picture. Of a file only the header is read; a URL is fetched whole, since formats keep their
 * header where they like. Fails as `readSource` and `openPicture` do. `where` names the picture in messages.
 */
export async function readPictureHeader(
  source: EncodedSource,
  where: string,
  options: FetchOptions = {},
): Promise<PictureHeader> {
  const input = source.kind === 'file' ? await openable(source.path) : await readSource(source, options);
  return (await openPicture(input, where)).header;
}

/** libvips takes a `[…]` at the end of a path for options of its own, so such a file is opened here. */
async function openable(path: string): Promise<string | Uint8Array> {
  await checkPictureFile(path);
  return path.endsWith(']') ? readFile(path) : path;
}
