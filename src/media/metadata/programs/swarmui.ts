import { MAX_WARNINGS } from '../limits.js';
import { type ProgramMetadata, numberOf, parseMetadata, parseVariation } from '../generation-metadata.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import { quote, type Warn, warnOfLoras } from '../warnings.js';

/** SwarmUI (docs/Image Metadata Format.md): `{"sui_image_params": {…}}`; every key is optional. */
export const readSwarmui = (json: JsonObject, warn: Warn): ProgramMetadata | null => {
  const params = valueOf(json, 'sui_image_params');
  if (!isObject(params)) return null;
  const of = (...keys: string[]): unknown =>
    keys.map((key) => valueOf(params, key)).find((value) => value !== undefined);
  const promptOf = (key: string): unknown => {
    const text = of(key);
    return typeof text === 'string' ? readPrompt(text, warn) : text;
  };
  const prompt = promptOf('prompt');
  const raw = {
    prompt: typeof prompt === 'string' ? prompt + lorasNotIn(prompt, of, warn) : prompt,
    negativePrompt: promptOf('negativeprompt'),
    seed: of('seed'),
    steps: of('steps'),
    sampler: of('sampler', 'comfyuisampler', 'autowebuisampler'),
    scheduler: of('scheduler', 'comfyuischeduler'),
    guidanceScale: of('cfgscale'),
    width: of('width'),
    height: of('height'),
  };
  const noise = parseVariation(
    { variationSeed: of('variationseed'), variationStrength: of('variationseedstrength') },
    warn,
  );
  return { ...parseMetadata('swarmui', raw, warn), ...(noise === null ? {} : { noise }) };
};

/**
 * Sections whose LoRAs apply to the whole picture, as SwarmUI numbers them (src/Text2Image/T2IParamInput.cs): none, the main prompt,
 * `<base>`. The others are for the refiner, a video or a region.
 */
const WHOLE_PICTURE = ['', '-1', '0', '5'];

/**
 * SwarmUI takes LoRAs out of the prompt before it writes the metadata: they are in lists of names, of weights, and of weights of the
 * text encoders (src/Text2Image/T2IPromptHandling.cs). @returns them as tags after a space, the UNet's weight first, as ComfyUI's tag loaders read it
 */
const lorasNotIn = (prompt: string, of: (key: string) => unknown, warn: Warn): string => {
  const [names = [], weights = [], textWeights = [], sections = []] = [
    'loras',
    'loraweights',
    'loratencweights',
    'lorasectionconfinement',
  ].map((key) => listOf(of(key)));
  const lowerCase = prompt.toLowerCase();
  const tags: string[] = [];
  const others: string[] = [];
  for (const [i, name] of names.slice(0, MAX_LORAS).entries()) {
    const weight = numberOf(weights[i] ?? 1);
    const textWeight = numberOf(textWeights[i] ?? weight);
    const tag = `<lora:${name}:${weight}`;
    if (lowerCase.includes(`<lora:${name.toLowerCase()}`)) continue;
    if (weight === null || textWeight === null || /[<>:]/.test(name) || !WHOLE_PICTURE.includes(sections[i] ?? ''))
      others.push(name);
    else tags.push(textWeight === weight ? `${tag}>` : `${tag}:${textWeight}>`);
  }
  warnOfLoras(others, warn);
  return tags.map((tag) => ` ${tag}`).join('');
};

const MAX_LORAS = 50;

/** A list of texts, or one text with commas. */
const listOf = (value: unknown): string[] =>
  (typeof value === 'string' ? value.split(',') : Array.isArray(value) ? (value as unknown[]) : [])
    .map((item) => (typeof item === 'number' ? String(item) : item))
    .filter((item): item is string => typeof item === 'string')
    .map((item) => item.trim());

/** Tags after which text up to the prompt's end is for a part of the picture or another stage (docs/Features/Prompt Syntax.md). */
const SECTION = /<(?:segment|object|region|clear|extend|base|refiner|video|videoswap)\b[^<>]*>/gi;
const TAG = /<([a-z]+)(?:\[[^\]<>]*\])?(?::([^<>]*))?>/gi;
const SHOWN = 5;

/** The prompt for the whole picture, in ComfyUI's syntax. */
const readPrompt = (prompt: string, warn: Warn): string => {
  const sections = [...prompt.matchAll(SECTION)];
  const whole = prompt.slice(0, sections[0]?.index ?? prompt.length);
  if (sections.length > 0) {
    const names = sections.slice(0, SHOWN).map(([tag]) => tag);
    warn(
      `Ignored the text after ${quote(names.join(' '))} in SwarmUI's prompt: it applies to a region or another stage.`,
    );
  }
  const text = whole.replace(TAG, (tag, name: string, value: string | undefined) =>
    readTag(tag, name.toLowerCase(), value ?? '', warn),
  );
  return readAlternations(text, warn).replaceAll(EMBEDDING, 'embedding:$1').replaceAll(/ {2,}/g, ' ').trim();
};

/** What SwarmUI makes of `<embed:a>` before it writes the metadata. */
const EMBEDDING = /\0swarmembed:([^\0]*)\0end/g;

/** Innermost brackets; a backslash makes the next character ordinary. */
const BRACKETS = /(?<!\\)\[((?:\\.|[^\\[\]])*)\]/g;
/** `a|b`, from `<alternate:a|b>`; `a:b:0.4`, from `<fromto[0.4]:a,b>`. */
const CHOICES = /^(?:\\.|[^\\|])*\|/s;
const FROM_TO = /^((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):\s*[\d.]+\s*$/s;
const MAX_NESTED = 10;

/** SwarmUI replaces both tags by brackets before it writes the metadata (src/Text2Image/T2IPromptHandling.cs, 0372f41). */
const readAlternations = (prompt: string, warn: Warn): string => {
  let text = prompt;
  let said = 0;
  for (let i = 0, before = ''; i < MAX_NESTED && text !== before; i++) {
    before = text;
    text = text.replace(BRACKETS, (brackets, inner: string) => {
      const fromTo = FROM_TO.exec(inner);
      if (fromTo === null && !CHOICES.test(inner)) return brackets;
      const parts = fromTo?.slice(1) ?? inner.split(/(?<!\\)\|/);
      if (said++ < MAX_WARNINGS) warnOfAlternation(brackets, warn);
      return joinParts(parts.map((part) => part.replaceAll(/\\([\\:|[\]])/g, '$1')));
    });
  }
  return text;
};

const warnOfAlternation = (text: string, warn: Warn): void => {
  warn(`SwarmUI's ${quote(text)} alternates words during sampling; here all of them apply at every step.`);
};

const joinParts = (parts: readonly string[]): string =>
  parts
    .map((part) => part.trim())
    .filter(Boolean)
    .join(', ');

const readTag = (tag: string, name: string, value: string, warn: Warn): string => {
  switch (name) {
    case 'lora':
      return tag;
    case 'embed':
    case 'embedding':
      return `embedding:${value}`;
    case 'comment':
      return '';
    case 'alternate':
    case 'alt':
    case 'fromto':
      warnOfAlternation(tag, warn);
      return joinParts(value.split(/[|,]/));
    default:
      warn(`Ignored SwarmUI's tag ${quote(tag)}.`);
      return '';
  }
};
