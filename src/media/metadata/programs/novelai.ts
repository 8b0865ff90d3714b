import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { isObject, type JsonObject, parseJsonObject, valueOf } from '../parse-json.js';
import type { Warn } from '../warnings.js';

/**
 * NovelAI: `Software` is `NovelAI`, `Description` the prompt, and `Comment` JSON with all other values.
 * @param texts PNG's texts by keyword
 */
export const readNovelai = (texts: ReadonlyMap<string, string>, warn: Warn): ProgramMetadata | null => {
  if (texts.get('Software') !== 'NovelAI') return null;
  const comment = parseJsonObject(texts.get('Comment') ?? '{}', "NovelAI's Comment", warn) ?? {};
  const raw = {
    prompt: withCharacters(comment, 'v4_prompt') ?? texts.get('Description') ?? valueOf(comment, 'prompt'),
    negativePrompt: withCharacters(comment, 'v4_negative_prompt') ?? valueOf(comment, 'uc'),
    seed: valueOf(comment, 'seed'),
    steps: valueOf(comment, 'steps'),
    sampler: valueOf(comment, 'sampler'),
    scheduler: valueOf(comment, 'noise_schedule'),
    guidanceScale: valueOf(comment, 'scale'),
    width: valueOf(comment, 'width'),
    height: valueOf(comment, 'height'),
  };
  const metadata = parseMetadata('novelai', raw, warn);
  const isWeighted = [metadata.prompt, metadata.negativePrompt].some((text) => text !== null && WEIGHTS.test(text));
  if (isWeighted) warn("NovelAI's weight syntax ({a}, [a], 1.2::a::) is not supported and is read as words.");
  return metadata;
};

/** The same texts as one JSON object in EXIF's UserComment, as in NovelAI's WebP. */
export const readNovelaiJson = (json: JsonObject, warn: Warn): ProgramMetadata | null =>
  readNovelai(
    new Map(Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    warn,
  );

const WEIGHTS = /[{}[\]]|\d::/;

/** Version 4: a base caption followed by one for each character; null if there are none. */
const withCharacters = (comment: JsonObject, key: string): string | null => {
  const prompt = valueOf(comment, key);
  const caption = isObject(prompt) ? valueOf(prompt, 'caption') : undefined;
  if (!isObject(caption)) return null;
  const characters = valueOf(caption, 'char_captions');
  const captions = (Array.isArray(characters) ? (characters as unknown[]) : [])
    .map((character) => (isObject(character) ? valueOf(character, 'char_caption') : character))
    .filter((text) => typeof text === 'string' && text.trim() !== '') as string[];
  if (captions.length === 0) return null;
  const base = valueOf(caption, 'base_caption');
  return [typeof base === 'string' ? base : '', ...captions].map(withoutEndingComma).filter(Boolean).join(', ');
};

const withoutEndingComma = (text: string): string => {
  let end = text.length;
  while (end > 0 && ', \n'.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end).trimStart();
};
