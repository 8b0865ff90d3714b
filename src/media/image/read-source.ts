import type { PictureSource } from '../../records/picture.js';
import { decodeInline } from './decode-inline.js';
import { type FetchOptions, fetchPicture } from './fetch-picture.js';
import { readPictureFile } from './read-file.js';
import { readObjectPicture } from './read-object-picture.js';

/** Source of an encoded picture: any source except latents. */
export type EncodedSource = Exclude<PictureSource, { kind: 'latents' }>;

/**
 * The encoded bytes (PNG, JPEG, …) of a row's picture. Fails with `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`,
 * `IMAGE_FETCH_FAILED`, `IMAGE_UNDECODABLE` (inline text) or `CANCELLED`; of object storage also with `STORE_*`.
 */
export async function readSource(source: EncodedSource, options: FetchOptions = {}): Promise<Uint8Array> {
  switch (source.kind) {
    case 'file':
      return readPictureFile(source.path);
    case 'url':
      return fetchPicture(source.url, options);
    case 'store':
      return readObjectPicture(source.uri, options.signal);
    case 'inline':
      return decodeInline(source.text);
  }
}
