import { type ProgramMetadata, parseMetadata } from '../generation-metadata.js';
import { isObject, type JsonObject, valueOf } from '../parse-json.js';
import { quote, type Warn } from '../warnings.js';

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
  const raw = {
    prompt: promptOf('prompt'),
    negativePrompt: promptOf('negativeprompt'),
    seed: of('seed'),
    steps: of('steps'),
    sampler: of('sampler', 'comfyuisampler', 'autowebuisampler'),
    scheduler: of('scheduler', 'comfyuischeduler'),
    guidanceScale: of('cfgscale'),
    width: of('width'),
    height: of('height'),
  };
  return parseMetadata('swarmui', raw, warn);
};

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
  return text.replaceAll(/ {2,}/g, ' ').trim();
};

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
      warn(`SwarmUI's ${quote(tag)} alternates words during sampling; here all of them apply at every step.`);
      return value
        .split(/[|,]/)
        .map((part) => part.trim())
        .filter(Boolean)
        .join(', ');
    default:
      warn(`Ignored SwarmUI's tag ${quote(tag)}.`);
      return '';
  }
};
