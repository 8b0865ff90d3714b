import { type Facts, factsOf, type Program } from '../facts.js';
import type { Warn } from '../warnings.js';
import { parseInfotext } from './parse-infotext.js';

/** Programs that write A1111's text and say so in `Version`. */
const OTHERS: readonly [prefix: string, program: Program][] = [
  ['Fooocus', 'fooocus'],
  ['sdxl-refine', 'sdxl-refine'],
];

/**
 * A1111's and Forge's `parameters`, which many programs write.
 * @param alone the text is A1111's by its place, so that one without parameters is a prompt; anywhere else it is nothing
 */
export const readA1111 = (text: string, alone: boolean, warn: Warn): Facts | null => {
  const infotext = parseInfotext(text, warn);
  if (infotext === null) return null;
  const { prompt, negativePrompt, params } = infotext;
  if (params.size === 0 && (!alone || prompt + negativePrompt === '')) return null;
  const version = params.get('Version') ?? '';
  const [, width, height] = /^(\d+)x(\d+)\s*$/.exec(params.get('Size') ?? '') ?? [];
  const raw = {
    prompt,
    negativePrompt: params.size === 0 && negativePrompt === '' ? null : negativePrompt,
    seed: params.get('Seed'),
    steps: params.get('Steps'),
    sampler: params.get('Sampler'),
    scheduler: params.get('Schedule type'),
    guidanceScale: params.get('CFG scale'),
    width,
    height,
  };
  return factsOf(OTHERS.find(([prefix]) => version.startsWith(prefix))?.[1] ?? 'a1111', raw, warn);
};
