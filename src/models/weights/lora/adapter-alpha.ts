/** Scale of an adapter without an alpha tensor, from PEFT's configuration that diffusers writes into the file. Pure. */
import { isObject, parseJson } from '../../../io/json/parse-json.js';
import type { AdapterPart } from './adapter-names.js';

const PREFIXES: Readonly<Record<AdapterPart, string>> = {
  unet: 'unet',
  textEncoder: 'text_encoder',
  textEncoder2: 'text_encoder_2',
  onlyTextEncoder: 'text_encoder',
};

/**
 * diffusers 0.42 loaders/lora_base.py writes `lora_adapter_metadata`; peft tuners/lora/layer.py divides alpha by the rank or
 * its square root. Without alpha the scale is 1.
 * @param invalid makes the error for a configuration that cannot be read: without it, the LoRA could be several times too strong
 * @returns alpha over rank of a layer; the configuration is parsed once for all layers
 */
export const readAlphas = (
  metadata: ReadonlyMap<string, string>,
  invalid: (what: string) => Error,
): ((part: AdapterPart, layer: string, rank: number) => number) => {
  /* Read only if a layer has no alpha of its own. */
  let config: Readonly<Record<string, unknown>> | undefined;
  const parts = new Map<AdapterPart, PartAlphas>();
  return (part, layer, rank) => {
    config ??= readConfig(metadata.get('lora_adapter_metadata'), invalid);
    const { all, usesRoot, find } = parts.get(part) ?? alphasOf(config, part);
    if (!parts.has(part)) parts.set(part, { all, usesRoot, find });
    const alpha = find(layer) ?? all;
    return typeof alpha === 'number' ? alpha / (usesRoot ? Math.sqrt(rank) : rank) : 1;
  };
};

interface PartAlphas {
  all: unknown;
  usesRoot: boolean;
  /** The alpha of the first pattern that the layer's name ends with. */
  find: (layer: string) => unknown;
}

/** Longer layer names match no pattern: matching takes time in the number of a name's words. */
const LONGEST_NAME = 1000;

const alphasOf = (config: Readonly<Record<string, unknown>>, part: AdapterPart): PartAlphas => {
  const of = (key: string): unknown => config[`${PREFIXES[part]}.${key}`];
  const patterns = of('alpha_pattern');
  const byName = new Map<string, { at: number; alpha: unknown }>();
  for (const [at, [name, alpha]] of Object.entries(isObject(patterns) ? patterns : {}).entries()) {
    const folded = name.replaceAll('.', '_');
    if (!byName.has(folded)) byName.set(folded, { at, alpha });
  }
  const find = (layer: string): unknown => {
    if (byName.size === 0 || layer.length > LONGEST_NAME) return undefined;
    let best = byName.get(layer);
    for (let at = layer.indexOf('_'); at !== -1; at = layer.indexOf('_', at + 1)) {
      const pattern = byName.get(layer.slice(at + 1));
      if (pattern !== undefined && (best === undefined || pattern.at < best.at)) best = pattern;
    }
    return best?.alpha;
  };
  return { all: of('lora_alpha'), usesRoot: of('use_rslora') === true, find };
};

/** PEFT's configuration has some dozens of keys; patterns have one per layer. */
const LIMITS = { maxDepth: 16, maxTokens: 100_000 };

const readConfig = (
  text: string | undefined,
  invalid: (what: string) => Error,
): Readonly<Record<string, unknown>> => {
  if (text === undefined) return {};
  const fault = (what: string): Error => invalid(`its lora_adapter_metadata ${what}`);
  const config = parseJson(text, LIMITS, fault, asNull);
  if (!isObject(config)) throw fault('is not a JSON object');
  return config;
};

/** Python's json writes `NaN` and infinities. Long numbers stay: an alpha has few digits. */
const asNull = (word: string): string => (/^-?\d/.test(word) ? word : 'null');
