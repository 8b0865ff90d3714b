import { OWN_KEYWORD } from './programs/own.js';
import { XMP_KEYWORD } from './read-embedded-text.js';
import type { TextEntry } from './read-text-chunks.js';
import { isKeyword } from './write-png-text.js';

/** What is written anew, or is kept by the encoder. */
const REPLACED: ReadonlySet<string> = new Set(['parameters', OWN_KEYWORD, XMP_KEYWORD]);
/** ImageMagick's EXIF and ICC in hexadecimal, which would contradict the picture's own. */
const RAW_PROFILE = 'Raw profile type ';

/** The source's texts that go into the refined PNG as they are: a ComfyUI graph, InvokeAI's JSON, a title. */
export const textsToKeep = (texts: readonly TextEntry[]): TextEntry[] =>
  texts.filter(({ keyword }) => isKeyword(keyword) && !REPLACED.has(keyword) && !keyword.startsWith(RAW_PROFILE));
