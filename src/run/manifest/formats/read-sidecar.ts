/** Reads a picture's prompt from a text file beside it, as caption tools write it. */
import { join, parse } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { RefineError, messageOf, systemCodeOf } from '../../../errors.js';
import { FILE_LIMITS } from '../../../io/files/file-limits.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import { asWindows1252 } from './read-lines.js';
import { formatValue } from '../rows/format-value.js';

/** Extensions in the spellings that programs use; the first is the one to name to a user. */
const EXTENSIONS = ['.txt', '.TXT', '.Txt'] as const;

/** Paths that a picture's sidecar may have, the best first: `cat.png` → `cat.txt`. */
export const sidecarsOf = (path: string): string[] => {
  const { dir, name } = parse(path);
  return EXTENSIONS.map((extension) => existingForm(join(dir, `${name}${extension}`)));
};

/** Path of a picture's sidecar, which need not exist. */
export const sidecarOf = (path: string): string => {
  const { dir, name } = parse(path);
  return existingForm(join(dir, `${name}${EXTENSIONS[0]}`));
};

const MARKS = [
  ['UTF-32', [0xff, 0xfe, 0, 0]],
  ['UTF-32', [0, 0, 0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
] as const;

/** @returns the text, or why it cannot be read */
const decode = (bytes: Buffer): { text: string } | { problem: string } => {
  const [name = 'utf-8'] = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte)) ?? [];
  if (name === 'UTF-32') return { problem: 'it is UTF-32; save it as UTF-8' };
  try {
    const text = new TextDecoder(name, { fatal: true }).decode(bytes);
    /* Every second byte of letters in UTF-16 is zero. */
    const isWide = /^(?:\0[^\0]){2}|^(?:[^\0]\0){2}/.test(text);
    return isWide ? { problem: 'it is UTF-16 without a byte order mark; save it as UTF-8' } : { text };
  } catch {
    const found =
      name === 'utf-8' ? `bytes that are not UTF-8, as Windows-1252 ${asWindows1252(bytes)}` : 'broken UTF-16';
    return { problem: `it has ${found}; save it as UTF-8` };
  }
};

/**
 * UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
 * @param path of the picture
 * @returns the text without byte order mark and final line ends; null if there is no such file
 * @throws RefineError ROW_FIELD_INVALID if it is not such a text, is over 64 KiB, or cannot be read
 */
export const readSidecar = async (path: string): Promise<string | null> => {
  for (const sidecar of sidecarsOf(path)) {
    const text = await readText(sidecar);
    if (text !== null) return text;
  }
  return null;
};

const readText = async (sidecar: string): Promise<string | null> => {
  const fail = (found: string, cause?: unknown): never => {
    const message = `Expected ${formatValue(sidecar)} to be a prompt in UTF-8 of at most ${FILE_LIMITS.sidecar.bytes} bytes: ${found}; correct it, or give the row a prompt`;
    throw new RefineError('ROW_FIELD_INVALID', message, cause === undefined ? {} : { cause });
  };
  const bytes = await readFileBytes(sidecar, 'sidecar').catch((error: unknown) =>
    ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCodeOf(error) ?? '') ? null : fail(messageOf(error), error),
  );
  if (bytes === null) return null;
  const decoded = decode(bytes);
  return 'text' in decoded ? decoded.text.replace(/(?<![\r\n])[\r\n]+$/, '') : fail(decoded.problem);
};
