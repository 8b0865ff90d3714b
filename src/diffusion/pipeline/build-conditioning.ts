/** Conditioning of the UNet at each step: prompt, negative prompt and micro-conditioning. */
import type { RefineSettings } from '../../records/settings.js';
import type { Schedule } from '../schedulers/scheduler.js';
import type { StepRange } from '../schedulers/noise/step-range.js';
import { concatBatch, type Tensor } from '../../tensor/tensor.js';
import { indexAt, schedulePrompt } from '../text/syntaxes/a1111-prompt-editing.js';
import { zeroEmbeddings, type TextEmbeddings } from '../text/encode-prompt.js';
import { joinTokens } from '../text/encode-by-syntax.js';
import { buildCondition, type Condition } from '../unet/predict-noise.js';
import type { TimeIds } from '../unet/time-ids.js';
import type { Model } from './load-model.js';

/**
 * Conditions of the UNet's calls at a step of the whole schedule: negative and positive in one batch, or in two calls if their
 * prompts have different lengths; only the positive without guidance. `isGuided` false: guidance has ended
 * before its time.
 */
export type ConditionsAt = (step: number, isGuided?: boolean) => readonly Condition[];

/** @throws SESSION_RUN ROW_FIELD_INVALID */
export const buildConditions = async (
  model: Model,
  settings: RefineSettings,
  timeIds: TimeIds,
  { schedule, range }: { schedule: Schedule; range: StepRange },
): Promise<ConditionsAt> => {
  const total = settings.steps * schedule.order;
  /* As in A1111, prompt editing counts steps from the run's first step. A run with `denoising_start` counts the whole schedule. */
  const first = settings.denoisingStart === null ? range.begin : 0;
  const positive = await embeddingsAt(model, settings.prompt, settings, total);
  const negative = await negativeAt(model, settings, total);
  const { begin, end } = guidedSteps(settings, schedule);
  /* Compel pads the shorter prompt; other syntaxes keep both lengths. */
  const [padding = null] = settings.promptSyntax === 'compel' ? await model.prompts.encode([''], 'compel') : [];
  const conditionsByEmbeddings = new Map<TextEmbeddings, Map<TextEmbeddings | null, readonly Condition[]>>();

  return (step, isGuided = true) => {
    const positiveEmbeddings = positive(step - first);
    const negativeEmbeddings =
      negative === null || !isGuided || step < begin || step >= end ? null : negative(step - first, positiveEmbeddings);
    const byNegative =
      conditionsByEmbeddings.get(positiveEmbeddings) ?? new Map<TextEmbeddings | null, readonly Condition[]>();
    conditionsByEmbeddings.set(positiveEmbeddings, byNegative);
    const conditions =
      byNegative.get(negativeEmbeddings) ??
      conditionsOf(
        model,
        timeIds,
        padTo(positiveEmbeddings, negativeEmbeddings, padding),
        padTo(negativeEmbeddings, positiveEmbeddings, padding),
      );
    byNegative.set(negativeEmbeddings, conditions);
    return conditions;
  };
};

/** Embeddings at a step of the run, counted from 0. */
const embeddingsAt = async (
  model: Model,
  prompt: string,
  { promptSyntax }: RefineSettings,
  total: number,
): Promise<(step: number) => TextEmbeddings> => {
  const texts = promptSyntax === 'a1111' ? schedulePrompt(prompt, total) : [{ end: total, text: prompt }];
  const embeddings = await model.prompts.encode(
    texts.map(({ text }) => text),
    promptSyntax,
  );
  return (step) => embeddings[indexAt(texts, step)] as TextEmbeddings;
};

/** null: no guidance. */
const negativeAt = async (
  model: Model,
  settings: RefineSettings,
  total: number,
): Promise<((step: number, positive: TextEmbeddings) => TextEmbeddings) | null> => {
  const { guidanceScale, negativePrompt, negativeEmbedding, promptSyntax } = settings;
  if (guidanceScale <= 1) return null;
  /* ComfyUI encodes an empty text (nodes.py, CLIPTextEncode); it has a separate node for zeros. */
  const isZeroed = negativePrompt === '' && model.zeroEmptyNegative && promptSyntax !== 'comfy';
  if (negativeEmbedding === 'prompt' && !isZeroed) {
    return embeddingsAt(model, negativePrompt, settings, total);
  }
  const zeros = new Map<TextEmbeddings, TextEmbeddings>();
  return (_, positive) => {
    const zero = zeros.get(positive) ?? zeroEmbeddings(positive);
    zeros.set(positive, zero);
    return zero;
  };
};

/** Shares of the whole schedule, rounded down, as in diffusers 0.42.1 (guiders/classifier_free_guidance.py). */
const guidedSteps = ({ guidanceStart, guidanceEnd }: RefineSettings, { timesteps }: Schedule): StepRange => ({
  begin: Math.trunc(guidanceStart * timesteps.length),
  end: Math.trunc(guidanceEnd * timesteps.length),
});

/** Pads `own` to the length of `other`, if there is padding. */
const padTo = <Embeddings extends TextEmbeddings | null>(
  own: Embeddings,
  other: TextEmbeddings | null,
  padding: TextEmbeddings | null,
): Embeddings => {
  if (own === null || other === null || padding === null) return own;
  const missing = (tokensOf(other) - tokensOf(own)) / tokensOf(padding);
  if (missing <= 0) return own;
  const parts: Tensor[] = [own.hidden, ...Array.from({ length: missing }, () => padding.hidden)];
  return { ...own, hidden: joinTokens(parts) };
};

const tokensOf = ({ hidden }: TextEmbeddings): number => hidden.dims[1] ?? 0;

const conditionsOf = (
  { unet }: Model,
  timeIds: TimeIds,
  positive: TextEmbeddings,
  negative: TextEmbeddings | null,
): readonly Condition[] => {
  const alone = (of: TextEmbeddings, ids: readonly number[]): Condition =>
    buildCondition(unet, of.hidden, of.pooled, [ids]);
  if (negative === null) return [alone(positive, timeIds.positive)];
  if (tokensOf(negative) !== tokensOf(positive)) {
    return [alone(negative, timeIds.negative), alone(positive, timeIds.positive)];
  }
  const hidden = concatBatch([negative.hidden, positive.hidden]);
  const pooled = concatBatch([negative.pooled, positive.pooled]);
  return [buildCondition(unet, hidden, pooled, [timeIds.negative, timeIds.positive])];
};
