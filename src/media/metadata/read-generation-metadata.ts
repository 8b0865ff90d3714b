import { type ProgramMetadata, parseMetadata, type GenerationMetadata, isInformative } from './generation-metadata.js';
import { MAX_INFOTEXT_CHARS } from './limits.js';
import { isJsonLike, isObject, type JsonObject, parseJsonObject, parseJsonObjects, valueOf } from './parse-json.js';
import { readA1111 } from './programs/a1111.js';
import { readComfyui } from './programs/comfyui.js';
import { readDrawThings } from './programs/draw-things.js';
import { readEasyDiffusion } from './programs/easy-diffusion.js';
import { readFooocus } from './programs/fooocus.js';
import { readDream, readInvokeai, readSdMetadata } from './programs/invokeai.js';
import { readNovelai, readNovelaiJson } from './programs/novelai.js';
import { OWN_KEYWORD, readOwn } from './programs/own.js';
import { readSwarmui } from './programs/swarmui.js';
import { type EmbeddedText, readEmbeddedText } from './read-embedded-text.js';
import { collectWarnings, type Warn, type Warnings } from './warnings.js';
import { xmpUserComment } from './containers/xmp-user-comment.js';

/**
 * Generation metadata of a picture from the first source with a value: this program's JSON; `parameters` (SwarmUI, Fooocus,
 * A1111); InvokeAI's three keywords; NovelAI; a ComfyUI graph; Easy Diffusion; comments of PNG; XMP; EXIF's UserComment; comments of
 * JPEG and GIF; the texts where ComfyUI writes WebP's.
 * @param picture a complete encoded PNG, JPEG, WebP, AVIF, GIF or TIFF; no content of it makes this fail
 * @returns null without generation metadata; program `unknown`, with warnings, if it cannot be read
 */
export const readGenerationMetadata = (picture: Uint8Array): GenerationMetadata | null => {
  const warnings = collectWarnings();
  return metadataIn(readEmbeddedText(picture, warnings.warn), warnings);
};

/**
 * Generation metadata from texts that have been read already.
 * @param warnings from reading the texts; warnings of their contents are added
 */
export const metadataIn = (
  embedded: EmbeddedText | null,
  { warn, list: warnings }: Warnings,
): GenerationMetadata | null => {
  const metadata = embedded === null ? null : detect(embedded, warn);
  if (metadata !== null) return { ...metadata, warnings };
  return warnings.length === 0 ? null : { ...parseMetadata('unknown', {}, warn), warnings };
};

const detect = ({ texts, exif, xmp, comments }: EmbeddedText, warn: Warn): ProgramMetadata | null => {
  // The last text of a keyword counts, as in Pillow and ComfyUI.
  const byKeyword = new Map(texts.map(({ keyword, text }) => [keyword, text]));
  for (const [keyword, read] of KEYWORDS) {
    const text = byKeyword.get(keyword);
    const metadata = text === undefined ? null : read(text, byKeyword, warn);
    if (metadata !== null && isInformative(metadata)) return metadata;
  }
  const comment = xmp === null || xmp.length > MAX_INFOTEXT_CHARS ? null : xmpUserComment(xmp);
  const { userComments = [], model = null, make = null, imageDescription = null } = exif ?? {};
  for (const text of [comment, ...userComments, ...comments, model, make, imageDescription]) {
    const metadata = text === null ? null : readAnyText(text, warn);
    if (metadata !== null && isInformative(metadata)) return metadata;
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

/** PNG keywords in order of preference. */
const KEYWORDS: readonly [keyword: string, read: Read][] = [
  [OWN_KEYWORD, asJson(OWN_KEYWORD, readOwn)],
  ['parameters', (text, _, warn) => readText(text, true, warn)],
  ['invokeai_metadata', asJson('invokeai_metadata', readInvokeai)],
  ['sd-metadata', asJson('sd-metadata', readSdMetadata)],
  ['Dream', (text, _, warn) => readDream(text, warn)],
  ['Software', (_, all, warn) => readNovelai(all, warn)],
  // Other programs write the plain prompt under this keyword.
  ['prompt', (text, all, warn) => (looksLikeJson(text) ? readGraph(text, all, warn) : null)],
  ...['prompt', 'Prompt'].map((keyword): [string, Read] => [
    keyword,
    (_, all, warn) => readEasyDiffusion((name) => all.get(name), warn),
  ]),
  // Fooocus-MRE's JSON, and infotexts that other tools have moved.
  ...['Parameters', 'Comment', 'comment', 'UserComment', 'Description'].map((keyword): [string, Read] => [
    keyword,
    (text, _, warn) => withPrompt(readAnyText(text, warn)),
  ]),
];

/** A comment of parameters alone is not a picture's metadata without a prompt, but a part of something else. */
const withPrompt = (metadata: ProgramMetadata | null): ProgramMetadata | null =>
  metadata?.prompt == null || metadata.prompt === '' ? null : metadata;

/** Text from a place that does not identify its program; a camera's or a person's comment is ignored. */
const readAnyText = (text: string, warn: Warn): ProgramMetadata | null =>
  readText(text.startsWith('prompt:') ? text.slice('prompt:'.length) : text, false, warn);

const looksLikeJson = (text: string): boolean => /^\s*\{/.test(text.slice(0, 100));

/** A1111's prompts may also begin with a brace, so text that is not JSON gets no warning. @param alone as for `readA1111` */
const readText = (text: string, alone: boolean, warn: Warn): ProgramMetadata | null => {
  const [json, ...others] = (isJsonLike(text) ? parseJsonObjects(text) : null) ?? [];
  if (json === undefined) return readA1111(text, alone, warn);
  const metadata = others.length === 0 ? readProgramsJson(json, warn) : null;
  if (metadata === null && PROMPT_KEYS.some((key) => typeof valueOf(json, key) === 'string'))
    warn('Ignored JSON with a prompt: it is not in the format of a supported program.');
  return metadata;
};

/** Each reader accepts only JSON with its program's characteristic keys. */
export const readProgramsJson = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const graph = valueOf(json, 'prompt');
  return (
    readSwarmui(json, warn) ??
    readFooocus(json, warn) ??
    readDrawThings(json, warn) ??
    readNovelaiJson(json, warn) ??
    readEasyDiffusion((name) => valueOf(json, name), warn) ??
    readComfyui(isObject(graph) ? graph : json, warn)
  );
};

const PROMPT_KEYS = ['prompt', 'Prompt', 'positive_prompt', 'positive'];
