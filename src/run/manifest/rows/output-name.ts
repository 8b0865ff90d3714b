/** Names of output files: checks those that rows give, and makes others from the picture's name or prompt. */
import { basename } from 'node:path';
import { RefineError } from '../../../errors.js';
import type { PictureSource } from '../../../records/picture.js';
import { OUTPUT_EXTENSIONS } from './output-form.js';
import { formatValue } from './format-value.js';

/** Longest file name of ext4, NTFS and APFS, in bytes of UTF-8 (NTFS: in UTF-16 units, which allows at least as much). */
export const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 1024;
/** Leaves room for a suffix and an extension. */
const MAX_STEM_BYTES = 200;

/**
 * Invisible characters that change how a name looks: they reverse text (U+202E shows `gpj.exe` as `exe.jpg`), distinguish names
 * that look equal, or end a line (Unicode Technical Report 36, 3.5; Default_Ignorable_Code_Point of the Unicode Character Database).
 */
const INVISIBLE = '\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}';
/** Invisible characters, characters that Windows refuses, control characters, and lone surrogates. */
const UNPORTABLE = new RegExp(`[<>:"|?*\\\\\\p{Cc}\\p{Surrogate}${INVISIBLE}]`, 'u');
const ALL_INVISIBLE = new RegExp(`[${INVISIBLE}]`, 'gu');
const ALL_UNPORTABLE = new RegExp(UNPORTABLE, 'gu');
/** Of a name that needs no cleaning: most have only these. */
const PLAIN = /^[\w-]{1,100}$/;
/** Device names of Windows, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
const EXTENSION = new RegExp(`[^/]\\.(?:${OUTPUT_EXTENSIONS.join('|')})$`, 'i');

/** A character for messages; an invisible one by its code point. */
const nameOfCharacter = (character: string): string =>
  new RegExp(`[${INVISIBLE}]`, 'u').test(character)
    ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : JSON.stringify(character);

/** The program's own files in an output folder: lock, run state, temporary files. */
const RESERVED = /^\.sdxl-refine/i;

const problemOfSegment = (segment: string): string | null => {
  if (segment === '' || segment === '.' || segment === '..') return 'it must stay inside the output folder';
  const unportable = UNPORTABLE.exec(segment);
  if (unportable !== null) return `${nameOfCharacter(unportable[0])} cannot be in a file name on every system`;
  if (/[ .]$/.test(segment)) return 'a name cannot end with a dot or a space on every system';
  if (DEVICE.test(segment)) return `${JSON.stringify(segment)} is a device on Windows`;
  if (RESERVED.test(segment)) return 'names that begin with .sdxl-refine are reserved';
  return Buffer.byteLength(segment) > MAX_NAME_BYTES ? `a name is over ${MAX_NAME_BYTES} bytes` : null;
};

const problemOfPath = (path: string): string | null => {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `it is over ${MAX_PATH_BYTES} bytes`;
  const segments = path.split('/');
  // Were a folder named like a picture, another row's picture could need that name.
  if (segments.slice(0, -1).some((folder) => EXTENSION.test(folder))) return 'a folder cannot be named like a picture';
  return segments.map(problemOfSegment).find((problem) => problem !== null) ?? null;
};

/**
 * Checks an `output` that a row gives.
 * @param extension added if it has none
 * @returns a `/`-separated path inside the output folder, ending in one of `OUTPUT_EXTENSIONS`
 * @throws RefineError ROW_FIELD_INVALID
 */
export const parseOutput = (output: string, extension: string): string => {
  const refuse = (why: string): never => {
    throw new RefineError(
      'ROW_FIELD_INVALID',
      `Expected output to be a file name inside the output folder, got ${formatValue(output)}: ${why}`,
    );
  };
  const name = output.slice(output.lastIndexOf('/') + 1);
  const path = name === '' || name.includes('.') ? output : `${output}.${extension}`;
  const problem = problemOfPath(path);
  if (problem !== null) return refuse(problem);
  return EXTENSION.test(path) ? path : refuse(`it has to end in one of .${OUTPUT_EXTENSIONS.join(' .')}`);
};

/** Whether a row could have this output. */
export const isOutput = (name: string): boolean => {
  try {
    return parseOutput(name, 'png') === name;
  } catch {
    return false;
  }
};

const decode = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
};

const nameInSource = (source: PictureSource): string => {
  switch (source.kind) {
    case 'inline':
      return '';
    case 'url':
      return decode(new URL(source.url).pathname).split('/').at(-1) ?? '';
    case 'store':
      return source.uri.slice(source.uri.lastIndexOf('/') + 1);
    case 'file':
    case 'latents':
      return basename(source.path);
  }
};

const cutToBytes = (text: string, limit: number): string => {
  let cut = '';
  let length = 0;
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > limit) break;
    cut += character;
  }
  return cut;
};

/** A name that is valid on every file system; '' if no character remains. */
const cleanName = (name: string): string => {
  const clean = PLAIN.test(name)
    ? name
    : cutToBytes(name.replaceAll(ALL_INVISIBLE, '').replaceAll(ALL_UNPORTABLE, '_'), MAX_STEM_BYTES).replace(
        /[ .]+$/,
        '',
      );
  return DEVICE.test(clean) || RESERVED.test(clean) ? `_${clean}` : clean;
};

const PICTURE_DOT = new RegExp(`\\.(?=(?:${OUTPUT_EXTENSIONS.join('|')})$)`, 'i');
const cleanFolder = (name: string): string => cleanName(name).replace(PICTURE_DOT, '_');

/** A path without its extension. */
export const withoutExtension = (path: string): string => path.replace(/([^/])\.[^./]*$/, '$1');

/**
 * Name without extension for a row's output that the row does not name: the picture's own name, made valid on every file
 * system, or `row-000012` if it has none.
 *
 * @param ownName in place of the source's name: a `/`-separated path without extension
 */
export const outputStem = (
  source: PictureSource,
  index: number,
  ownName = withoutExtension(nameInSource(source)),
): string => {
  const names = ownName.split('/');
  const name = cleanName(names.pop() ?? '') || `row-${String(index).padStart(6, '0')}`;
  return [...names.map(cleanFolder).filter((folder) => folder !== ''), name].join('/');
};

/** Longest name made from a prompt, in characters. */
const MAX_PROMPT_STEM = 48;

/** Name without extension for a picture from noise: the prompt's first words, or its row if they give no name. */
export const promptStem = (prompt: string, index: number): string => {
  const words = prompt.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  let stem = '';
  for (const word of words) {
    const longer = stem === '' ? word : `${stem}-${word}`;
    if (longer.length > MAX_PROMPT_STEM) break;
    stem = longer;
  }
  return outputStem({ kind: 'inline', text: '' }, index, stem);
};

/**
 * Makes names equal that some file systems do not distinguish: those that differ in case or Unicode normalization form. Upper case
 * first, since `ß` is `SS` and `ſ` is `S` there. The dotless `ı` is a letter of its own in all of them.
 */
export const foldName = (path: string): string => (ASCII.test(path) ? path.toLowerCase() : foldLetters(path));

const ASCII = /^[\0-\x7f]*$/;

const foldLetters = (path: string): string =>
  path
    .normalize('NFC')
    .replace(/[^\u0131]+/g, (part) => part.toUpperCase())
    .toLowerCase()
    .normalize('NFC');
