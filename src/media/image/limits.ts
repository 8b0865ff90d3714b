/** How much of a picture from outside is accepted before it is refused with `IMAGE_TOO_LARGE` or `IMAGE_FETCH_FAILED`. */

/** Bytes of a picture fetched from a URL, after the transfer's own compression is undone. */
export const MAX_FETCH_BYTES = 64 * 2 ** 20;
/** Redirects followed from one URL. */
export const MAX_REDIRECTS = 5;
/** Milliseconds from the first request to the last byte, redirects included. */
export const FETCH_TIMEOUT_MS = 30_000;
/** Width × height, both brought to multiples of 8 as they are computed: 192 MiB of RGB. The header says it, so nothing of a larger picture is decoded. */
export const MAX_PIXELS = 8192 * 8192;
/** Width or height. A strip of few pixels is padded to many. */
export const MAX_SIDE = 16_384;
/** Chunks of a PNG before its pixels: an honest file has some dozens. */
export const MAX_CHUNKS_BEFORE_PIXELS = 10_000;
/** Bytes of an EXIF block that is handed on; libvips refuses to write one of more than 8 MiB. A larger one is left out. */
export const MAX_EXIF_BYTES = 2 ** 20;
/** Bytes of an ICC profile that is handed on; profiles of screens and printers take up to 3 MiB. A larger one is honoured but not kept. */
export const MAX_PROFILE_BYTES = 4 * 2 ** 20;
