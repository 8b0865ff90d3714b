import { type ProgramMetadata, parseMetadata, type GenerationMetadata, isInformative } from './generation-metadata.js';
import { MAX_INFOTEXT_CHARS } from './limits.js';
import { isObject, type JsonObject, parseJsonObject, valueOf } from './parse-json.js';
import { readA1111 } from './programs/a1111.js';
import { readComfyui } from './programs/comfyui.js';
import { readDrawThings } from './programs/draw-things.js';
import { readFooocus } from './programs/fooocus.js';
import { readDream, readInvokeai, readSdMetadata } from './programs/invokeai.js';
import { readNovelai, readNovelaiJson } from './programs/novelai.js';
import { OWN_KEYWORD, readOwn } from './programs/own.js';
import { readSwarmui } from './programs/swarmui.js';
import { type EmbeddedText, readEmbeddedText } from './read-embedded-text.js';
import { collectWarnings, type Warn, type Warnings } from './warnings.js';
import { xmpUserComment } from './containers/xmp-user-comment.js';

/**
 * What made a picture, by the first of these that says anything: our own JSON; `parameters` (SwarmUI, Fooocus, A1111);
 * InvokeAI's three keywords; NovelAI; a ComfyUI graph; XMP; EXIF's UserComment, and its texts as ComfyUI writes WebP.
 * @param picture an encoded PNG, JPEG, WebP or AVIF, whole; nothing in it makes this fail
 * @returns null when nothing there says what made it; `unknown` when what there is cannot be read, with warnings
 */
export const readGenerationMetadata = (picture: Uint8Array): GenerationMetadata | null => {
  const found = collectWarnings();
  return metadataIn(readEmbeddedText(picture, found.warn), found);
};

/**
 * The same of texts that are read already.
 * @param found what was said of them; what is to be said of their meaning comes beside it
 */
export const metadataIn = (
  embedded: EmbeddedText | null,
  { warn, list: warnings }: Warnings,
): GenerationMetadata | null => {
  const facts = embedded === null ? null : detect(embedded, warn);
  if (facts !== null) return { ...facts, warnings };
  return warnings.length === 0 ? null : { ...parseMetadata('unknown', {}, warn), warnings };
};

const detect = ({ texts, exif, xmp }: EmbeddedText, warn: Warn): ProgramMetadata | null => {
  // The last text of a keyword counts, as in Pillow and ComfyUI.
  const byKeyword = new Map(texts.map(({ keyword, text }) => [keyword, text]));
  for (const [keyword, read] of KEYWORDS) {
    const text = byKeyword.get(keyword);
    const facts = text === undefined ? null : read(text, byKeyword, warn);
    if (facts !== null && isInformative(facts)) return facts;
  }
  const comment = xmp === null || xmp.length > MAX_INFOTEXT_CHARS ? null : xmpUserComment(xmp);
  const { userComments = [], model = null, make = null, imageDescription = null } = exif ?? {};
  for (const text of [comment, ...userComments, model, make, imageDescription]) {
    const facts = text === null ? null : readAnyText(text, warn);
    if (facts !== null && isInformative(facts)) return facts;
  }
  return null;
};

type Read = (text: string, all: ReadonlyMap<string, string>, warn: Warn) => ProgramMetadata | null;

const asJson =
  (keyword: string, read: (json: JsonObject, warn: Warn) => ProgramMetadata | null): Read =>
  (text, _, warn) => {
    const json = parseJsonObject(text, keyword, warn);
    return json === null ? null : read(json, warn);
  };

const readGraph = asJson('prompt', readComfyui);

/** PNG's keywords, in the order in which they are believed. */
const KEYWORDS: readonly [keyword: string, read: Read][] = [
  [OWN_KEYWORD, asJson(OWN_KEYWORD, readOwn)],
  ['parameters', (text, _, warn) => readText(text, true, warn)],
  ['invokeai_metadata', asJson('invokeai_metadata', readInvokeai)],
  ['sd-metadata', asJson('sd-metadata', readSdMetadata)],
  ['Dream', (text, _, warn) => readDream(text, warn)],
  ['Software', (_, all, warn) => readNovelai(all, warn)],
  // Other programs write the prompt itself under this keyword.
  ['prompt', (text, all, warn) => (looksLikeJson(text) ? readGraph(text, all, warn) : null)],
];

/** Text whose place does not say whose it is; a camera's or a person's comment is nothing. */
const readAnyText = (text: string, warn: Warn): ProgramMetadata | null =>
  readText(text.startsWith('prompt:') ? text.slice('prompt:'.length) : text, false, warn);

const looksLikeJson = (text: string): boolean => /^\s*\{/.test(text.slice(0, 100));

/** A1111's prompts may begin with a brace too, so that text which is not JSON deserves no warning. @param alone as of `readA1111` */
const readText = (text: string, alone: boolean, warn: Warn): ProgramMetadata | null => {
  const json = looksLikeJson(text) ? parseJsonObject(text, 'metadata', () => undefined) : null;
  return json === null ? readA1111(text, alone, warn) : readProgramsJson(json, warn);
};

/** Each reader claims only what bears its program's marks. */
const readProgramsJson = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const graph = valueOf(json, 'prompt');
  const facts =
    readSwarmui(json, warn) ??
    readFooocus(json, warn) ??
    readDrawThings(json, warn) ??
    readNovelaiJson(json, warn) ??
    readComfyui(isObject(graph) ? graph : json, warn);
  if (facts === null && PROMPT_KEYS.some((key) => typeof valueOf(json, key) === 'string'))
    warn('Ignored JSON with a prompt: it is not in the format of a supported program.');
  return facts;
};

const PROMPT_KEYS = ['prompt', 'Prompt', 'positive_prompt', 'positive'];
