/** Scale of an adapter whose file has no tensor for it: PEFT's configuration, as diffusers writes it into the file. Pure. */
import { isObject, parseJson } from '../../../io/json/parse-json.js';
import type { AdapterPart } from './adapter-names.js';

const PREFIXES: Readonly<Record<AdapterPart, string>> = {
  unet: 'unet',
  textEncoder: 'text_encoder',
  textEncoder2: 'text_encoder_2',
  onlyTextEncoder: 'text_encoder',
};

/**
 * diffusers 0.42 loaders/lora_base.py writes `lora_adapter_metadata`; peft tuners/lora/layer.py divides alpha by the rank, or
 * by its root. Without either, the file's matrices are meant as they are.
 * @returns alpha over rank
 */
export const adapterAlpha = (
  metadata: ReadonlyMap<string, string>,
  part: AdapterPart,
  layer: string,
  rank: number,
): number => {
  const config = readConfig(metadata.get('lora_adapter_metadata'));
  const of = (key: string): unknown => config[`${PREFIXES[part]}.${key}`];
  const patterns = of('alpha_pattern');
  const own = isObject(patterns)
    ? Object.entries(patterns).find(([name]) => `_${layer}`.endsWith(`_${name.replaceAll('.', '_')}`))?.[1]
    : undefined;
  const alpha = own ?? of('lora_alpha');
  return typeof alpha === 'number' ? alpha / (of('use_rslora') === true ? Math.sqrt(rank) : rank) : 1;
};

/** PEFT's configuration has some dozens of keys; patterns have one a layer. */
const LIMITS = { maxDepth: 16, maxTokens: 100_000 };

const readConfig = (text: string | undefined): Readonly<Record<string, unknown>> => {
  if (text === undefined) return {};
  try {
    const config = parseJson(text, LIMITS, (what) => new Error(what));
    return isObject(config) ? config : {};
  } catch {
    return {};
  }
};
