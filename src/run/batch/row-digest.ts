/** What decides a row's output, as one digest: the same digest, the same output. */
import { createHash } from 'node:crypto';
import type { Row } from '../../records/row.js';

/**
 * SHA-256, hexadecimal, of the model, the settings, the output's name and the input itself. Not of the input's path,
 * the row's number, its id or its extras: moving a folder or adding a row above does nothing to a finished picture.
 * @param input the encoded picture or the latents' file; of a URL its text, since fetching it would cost what resuming spares
 */
export const rowDigest = (row: Row, input: Uint8Array | string, modelDigest: string): string => {
  const {
    index: _index,
    rowNumberPerFile: _rowNumber,
    inputName: _inputName,
    line: _line,
    id: _id,
    source,
    sourceText: _sourceText,
    extra: _extra,
    warnings: _warnings,
    ...decisive
  } = row;
  return createHash('sha256')
    .update(JSON.stringify([modelDigest, source.kind, decisive]))
    .update(input)
    .digest('hex');
};
