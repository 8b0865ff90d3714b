/** Limits for untrusted pictures; larger ones fail with `IMAGE_TOO_LARGE` or `IMAGE_FETCH_FAILED`. */

/** Bytes of a picture fetched from a URL, after Content-Encoding is decoded. */
export const MAX_FETCH_BYTES = 64 * 2 ** 20;
/** Redirects followed from one URL. */
export const MAX_REDIRECTS = 5;
/** Milliseconds from the first request to the last byte, redirects included. */
export const FETCH_TIMEOUT_MS = 30_000;
/** Width × height, both rounded up to multiples of 8: 192 MiB of RGB. Read from the header, so a larger picture is not decoded. */
export const MAX_PIXELS = 8192 * 8192;
/** Width or height. A thin strip of few pixels is padded to many. */
export const MAX_SIDE = 16_384;
/** Chunks of a PNG before its pixels: normal files have some dozens. */
export const MAX_CHUNKS_BEFORE_PIXELS = 10_000;
/** Bytes of an EXIF block that the output keeps; a larger block is dropped. libvips writes at most 8 MiB. */
export const MAX_EXIF_BYTES = 2 ** 20;
/** Bytes of an ICC profile that the output keeps; a larger profile is applied but dropped. Screen and printer profiles have up to 3 MiB. */
export const MAX_PROFILE_BYTES = 4 * 2 ** 20;
