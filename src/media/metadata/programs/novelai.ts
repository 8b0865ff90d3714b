import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { isObject, type JsonObject, parseJsonObject, valueOf } from '../parse-json.js';
import { MAX_PROMPT_CHARS } from '../limits.js';
import { quote, type Warn } from '../warnings.js';

/**
 * NovelAI: `Software` is `NovelAI`, `Description` the prompt, and `Comment` JSON with all other values.
 * @param texts PNG's texts by keyword
 */
export const readNovelai = (texts: ReadonlyMap<string, string>, warn: Warn): ProgramMetadata | null => {
  if (texts.get('Software') !== 'NovelAI') return null;
  const comment = parseJsonObject(texts.get('Comment') ?? '{}', "NovelAI's Comment", warn) ?? {};
  const prompt = takeNegative(
    withCharacters(comment, 'v4_prompt') ?? texts.get('Description') ?? valueOf(comment, 'prompt'),
  );
  const uc = takeNegative(withCharacters(comment, 'v4_negative_prompt') ?? valueOf(comment, 'uc'));
  if (uc.negative.length > 0)
    warn(`Left out of NovelAI's negative prompt, where its weight is below 0: ${uc.negative.map(quote).join(', ')}.`);
  const raw = {
    prompt: prompt.text,
    negativePrompt:
      [...(typeof uc.text === 'string' && uc.text !== '' ? [uc.text] : []), ...prompt.negative].join(', ') || uc.text,
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

/** `-1::fog::`, to the next `::` or to a further weight; also of weight 0. Numbers are matched from their beginning only, for linear time. */
const NEGATIVE =
  /(?<![\d.])(-(?:\d+(?:\.\d*)?|\.\d+)|0+(?:\.0*)?)::(.*?)(?:::|(?<![\d.])(?=-?(?:\d+(?:\.\d*)?|\.\d+)::)|$)/gs;

/** Takes text of negative weight, which NovelAI 4.5 has, out of a prompt: it is what the picture should not have. Weight 0 has no effect. */
const takeNegative = (prompt: unknown): { text: unknown; negative: string[] } => {
  if (typeof prompt !== 'string' || prompt.length > MAX_PROMPT_CHARS) return { text: prompt, negative: [] };
  const negative: string[] = [];
  const kept: string[] = [];
  let from = 0;
  for (const { index, 0: whole, 1: weight, 2: words = '' } of prompt.matchAll(NEGATIVE)) {
    kept.push(prompt.slice(from, index));
    from = index + whole.length;
    if (Number(weight) < 0) negative.push(withoutCommas(words));
  }
  if (kept.length === 0) return { text: prompt, negative };
  const text = [...kept, prompt.slice(from)].map(withoutCommas).filter(Boolean).join(', ');
  return { text, negative: negative.filter(Boolean) };
};

const withoutCommas = (text: string): string => withoutEndingComma(text).replace(/^[\s,]+/, '');

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
