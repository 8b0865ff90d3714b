import { toA1111 } from '../../diffusion/schedulers/names/find-sampler.js';
import type { RunMetadata } from './run-metadata.js';

type Pair = readonly [key: string, value: string | number | null];

/**
 * A1111's `parameters` text for a picture of this program. `Steps: ` begins the last line, for Civitai; the negative prompt's
 * line is written even if it is empty, for ComfyUI. If the source has generation metadata, the usual keys are the source's,
 * and this run's keys begin with `Refine`. A refined picture has no A1111 `Refiner` keys: pasted into A1111, they would turn
 * its refiner on.
 * The format cannot represent a prompt with a line `Negative prompt:`; the JSON (`runEntry`) can.
 */
export const a1111Parameters = (run: RunMetadata): string => {
  const [prompt, negativePrompt] = [run.settings.prompt, run.settings.negativePrompt].map(withoutTags);
  const written = pairsOf(run).filter(([, value]) => value !== null);
  const line = written.map(([key, value]) => `${key}: ${quoteValue(String(value))}`).join(', ');
  return `${prompt}${loraTags(run)}\nNegative prompt: ${negativePrompt}\n${line}`;
};

/** LoRA tags that were read as words here would load LoRAs in A1111: `loraTags` writes those that were applied. */
const withoutTags = (prompt: string): string =>
  prompt.replace(/(?<!\s)\s*<(?:lora|lyco|locon|hypernet|hypernetwork):[^<>]*>/gi, '');

/** A1111 has LoRAs in the prompt with their weights: one, or the text encoders' and the UNet's where these differ. */
const loraTags = ({ settings: { loraWeights = {} } }: RunMetadata): string =>
  Object.entries(loraWeights)
    .map(([name, weight]) => [name, ...(typeof weight === 'number' ? [weight] : [weight.text_encoder, weight.unet])])
    .map((tag) => ` <lora:${tag.join(':')}>`)
    .join('');

const refinePairs = ({ settings, scheduler, stepsRun, width, height, model, version, source }: RunMetadata): Pair[] => {
  const { sampler, spacing } = toA1111(scheduler);
  const ownPairs = {
    steps: settings.steps,
    sampler,
    scheduler: spacing,
    guidanceScale: settings.guidanceScale,
    seed: settings.seed,
  };
  const made = source?.steps == null ? ownPairs : source;
  return [
    ['Steps', made.steps],
    ['Sampler', made.sampler],
    ['Schedule type', made.scheduler],
    ['CFG scale', made.guidanceScale],
    ['Seed', made.seed],
    ['Size', `${width}x${height}`],
    ['Model', made === ownPairs ? model.name : null],
    ['Denoising strength', settings.denoisingStart === null ? settings.strength : null],
    ['Refine model', model.name],
    ['Refine scheduler', scheduler],
    ['Refine steps', settings.steps],
    ['Refine steps run', stepsRun],
    ['Refine start', settings.denoisingStart],
    ['Refine CFG scale', settings.guidanceScale],
    ['Refine seed', settings.seed],
    ['Refine ascore', settings.aestheticScore],
    ['Refine negative ascore', settings.negativeAestheticScore],
    ['Version', `sdxl-refine ${version}`],
  ];
};

/** A picture from noise. For an ensemble, A1111's own `Refiner` keys have the same meaning. */
const generationPairs = (run: RunMetadata, { handoff, refiner }: NonNullable<RunMetadata['generation']>): Pair[] => {
  const { settings, scheduler, width, height, model, version, baseModel = '' } = run;
  const { sampler, spacing } = toA1111(scheduler);
  const stage = handoff === null ? refiner : null;
  return [
    ['Steps', settings.steps],
    ['Sampler', sampler],
    ['Schedule type', spacing],
    ['CFG scale', settings.guidanceScale],
    ['Seed', settings.seed],
    ['Size', `${width}x${height}`],
    ['Model', baseModel],
    ['Refiner', handoff === null ? null : model.name],
    ['Refiner switch at', handoff],
    ['Denoising strength', stage?.strength ?? null],
    ['Refine model', stage === null ? null : model.name],
    ['Refine steps', stage?.steps ?? null],
    ['Refine CFG scale', refiner?.guidanceScale ?? null],
    ['Refine seed', refiner?.seed ?? null],
    ['Version', `sdxl-refine ${version}`],
  ];
};

const pairsOf = (run: RunMetadata): Pair[] => {
  const { promptSyntax } = run.settings;
  const pairs = run.generation === undefined ? refinePairs(run) : generationPairs(run, run.generation);
  // `Steps: ` stays first.
  return promptSyntax === 'plain'
    ? pairs
    : [...pairs.slice(0, -1), ['Prompt syntax', promptSyntax], ...pairs.slice(-1)];
};

/** A1111 quotes values as JSON that its pattern would otherwise cut. */
const quoteValue = (value: string): string => (/[,:\n]/.test(value) ? JSON.stringify(value) : value);
