import { OWN_KEYWORD } from './programs/own.js';
import { XMP_KEYWORD } from './read-embedded-text.js';
import type { TextEntry } from './read-text-chunks.js';
import { isKeyword } from './write-png-text.js';

/** Texts that are rewritten here or by the encoder. */
const REPLACED: ReadonlySet<string> = new Set(['parameters', OWN_KEYWORD, XMP_KEYWORD]);
/** ImageMagick's EXIF and ICC in hexadecimal, which would contradict those of the picture. */
const RAW_PROFILE = 'Raw profile type ';

/** The source's texts that are copied unchanged into the refined PNG: a ComfyUI graph, InvokeAI's JSON, a title. */
export const textsToKeep = (texts: readonly TextEntry[]): TextEntry[] =>
  texts.filter(({ keyword }) => isKeyword(keyword) && !REPLACED.has(keyword) && !keyword.startsWith(RAW_PROFILE));
