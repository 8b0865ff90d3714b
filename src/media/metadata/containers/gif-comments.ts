/** Comments of a GIF (GIF89a specification, sections 18 to 26). Offsets are untrusted: each is checked. Pure. */
import { MAX_CHUNKS, MAX_TEXT_BYTES, MAX_TEXTS } from '../limits.js';

const HEADER_BYTES = 13;
const EXTENSION = 0x21;
const COMMENT = 0xfe;
const IMAGE = 0x2c;
const IMAGE_BYTES = 10;

/** Bytes of the colour table that a descriptor's flags announce. */
const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));

/** The comments, in file order; ends early where the file is damaged. A comment that is too long is left out. */
export const gifComments = (gif: Buffer): Buffer[] => {
  const comments: Buffer[] = [];
  let at = HEADER_BYTES + tableBytes(gif[10] ?? 0);
  for (let count = 0; count < MAX_CHUNKS && comments.length < MAX_TEXTS; count++) {
    const kind = gif[at];
    const isComment = kind === EXTENSION && gif[at + 1] === COMMENT;
    if (kind === EXTENSION) at += 2;
    else if (kind === IMAGE) at += IMAGE_BYTES + tableBytes(gif[at + IMAGE_BYTES - 1] ?? 0) + 1;
    else return comments;
    const parts: Buffer[] = [];
    for (let length = gif[at] ?? 0; length > 0; length = gif[at] ?? 0) {
      if (isComment) parts.push(gif.subarray(at + 1, at + 1 + length));
      at += 1 + length;
    }
    at += 1;
    const comment = Buffer.concat(parts);
    if (isComment && comment.length <= MAX_TEXT_BYTES) comments.push(comment);
  }
  return comments;
};
