import { isRefineError, RefineError, type ErrorCode } from '../../errors.js';
import { FILE_LIMITS } from '../../io/files/file-limits.js';
import { readObject } from '../../io/store/read-object.js';

/** A store that is not there ends the run, which goes on later; an object that is not there ends its row. */
const OF_ROWS: Partial<Record<ErrorCode, ErrorCode>> = {
  STORE_MISSING: 'IMAGE_NOT_FOUND',
  STORE_DENIED: 'IMAGE_FETCH_FAILED',
  STORE_TOO_LARGE: 'IMAGE_TOO_LARGE',
};

/**
 * Bytes of the picture at a URI of object storage, in memory. Fails with `IMAGE_NOT_FOUND`, `IMAGE_FETCH_FAILED` (denied),
 * `IMAGE_TOO_LARGE`, `IMAGE_UNREADABLE` (no bytes), `CANCELLED`, and with errors of the run: `STORE_THROTTLED`, `STORE_UNAVAILABLE`.
 */
export async function readObjectPicture(uri: string, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = await readObject(uri, {
    maxBytes: FILE_LIMITS.picture.bytes,
    ...(signal === undefined ? {} : { signal }),
  }).catch((thrown: unknown) => {
    if (signal?.aborted === true) throw new RefineError('CANCELLED', `Stopped while reading ${uri}.`);
    const code = isRefineError(thrown) ? OF_ROWS[thrown.code] : undefined;
    throw code === undefined ? thrown : new RefineError(code, (thrown as RefineError).message, { context: { uri } });
  });
  if (bytes.length === 0) {
    const message = `Expected a picture, found an empty object (0 bytes): ${uri}. Upload the picture again.`;
    throw new RefineError('IMAGE_UNREADABLE', message, { context: { uri } });
  }
  return bytes;
}
