import { RefineError } from '../../errors.js';

/**
 * Bytes of an inline picture: a `data:` URL (base64 or percent-encoded, RFC 2397) or bare base64. Both base64 alphabets
 * of RFC 4648 are read, with or without padding, with white space anywhere. Fails with `IMAGE_UNDECODABLE`.
 * The text is already in memory and longer than its bytes, so no separate limit is needed.
 */
export function decodeInline(text: string): Uint8Array {
  const trimmed = text.trim();
  if (!/^data:/i.test(trimmed)) return decodeBase64(trimmed);
  const comma = trimmed.indexOf(',');
  if (comma === -1) throw undecodable('a data: URL without a comma between its type and its data');
  const body = decodePercent(trimmed.slice(comma + 1));
  const isBase64 = /;\s*base64\s*$/i.test(trimmed.slice(0, comma));
  return isBase64 ? decodeBase64(body) : nonEmpty(Buffer.from(body, 'latin1'));
}

/** One character per byte. Runs are decoded one by one, with a maximum length because the matcher keeps a stack of a run. */
function decodePercent(text: string): string {
  return text.replace(/(%[0-9a-f]{2}){1,1024}/gi, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('latin1'),
  );
}

/** Node's decoder skips unknown characters, so an invalid text would become a wrong picture. */
function decodeBase64(text: string): Uint8Array {
  const compact = text.replace(/\s+/g, '');
  const isBase64 = /^[\w+/-]*={0,2}$/.test(compact) && compact.replace(/=+$/, '').length % 4 !== 1;
  if (!isBase64) throw undecodable('text that is not base64');
  return nonEmpty(Buffer.from(compact, 'base64'));
}

function nonEmpty(bytes: Buffer): Uint8Array {
  if (bytes.length === 0) throw undecodable('no data');
  return bytes;
}

function undecodable(found: string): RefineError {
  const expected = 'Expected the picture as a data: URL or as base64';
  return new RefineError('IMAGE_UNDECODABLE', `${expected}, found ${found}. Encode the whole picture file again.`);
}
