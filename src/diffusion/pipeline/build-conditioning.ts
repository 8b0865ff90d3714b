/** Prompt, negative prompt and micro-conditioning, as the UNet takes them at each step. */
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
 * What the UNet is asked at a step of the whole schedule: negative and positive in one call, in two where their prompts are
 * not equally long, or the positive alone where there is no guidance.
 */
export type ConditionsAt = (step: number) => readonly Condition[];

/** @throws SESSION_RUN ROW_FIELD_INVALID */
export const buildConditions = async (
  model: Model,
  settings: RefineSettings,
  timeIds: TimeIds,
  { schedule, range }: { schedule: Schedule; range: StepRange },
): Promise<ConditionsAt> => {
  const total = settings.steps * schedule.order;
  /* As in A1111: steps are counted from where a run begins, but for one that goes on with another's schedule. */
  const first = settings.denoisingStart === null ? range.begin : 0;
  const positive = await embeddingsAt(model, settings.prompt, settings, total);
  const negative = await negativeAt(model, settings, total);
  const { begin, end } = guidedSteps(settings, schedule);
  /* Compel fills the shorter prompt up; others give each its own length. */
  const [filler = null] = settings.promptSyntax === 'compel' ? await model.prompts.encode([''], 'compel') : [];
  const known = new Map<TextEmbeddings, Map<TextEmbeddings | null, readonly Condition[]>>();

  return (step) => {
    const ours = positive(step - first);
    const theirs = negative === null || step < begin || step >= end ? null : negative(step - first, ours);
    const byNegative = known.get(ours) ?? new Map<TextEmbeddings | null, readonly Condition[]>();
    known.set(ours, byNegative);
    const found =
      byNegative.get(theirs) ?? conditionsOf(model, timeIds, fill(ours, theirs, filler), fill(theirs, ours, filler));
    byNegative.set(theirs, found);
    return found;
  };
};

/** Embeddings at a step of a run, counted from 0. */
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

/** null: there is no guidance. */
const negativeAt = async (
  model: Model,
  settings: RefineSettings,
  total: number,
): Promise<((step: number, positive: TextEmbeddings) => TextEmbeddings) | null> => {
  const { guidanceScale, negativePrompt, negativeEmbedding, promptSyntax } = settings;
  if (guidanceScale <= 1) return null;
  /* ComfyUI encodes an empty text too (nodes.py, CLIPTextEncode); zeros are a node of their own there. */
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

/** As diffusers 0.42.1's guiders take shares (guiders/classifier_free_guidance.py): of the whole schedule, rounded down. */
const guidedSteps = ({ guidanceStart, guidanceEnd }: RefineSettings, { timesteps }: Schedule): StepRange => ({
  begin: Math.trunc(guidanceStart * timesteps.length),
  end: Math.trunc(guidanceEnd * timesteps.length),
});

/** As long as the other, where it is shorter and there is something to fill it up with. */
const fill = <Embeddings extends TextEmbeddings | null>(
  own: Embeddings,
  other: TextEmbeddings | null,
  filler: TextEmbeddings | null,
): Embeddings => {
  if (own === null || other === null || filler === null) return own;
  const missing = (tokensOf(other) - tokensOf(own)) / tokensOf(filler);
  if (missing <= 0) return own;
  const parts: Tensor[] = [own.hidden, ...Array.from({ length: missing }, () => filler.hidden)];
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
