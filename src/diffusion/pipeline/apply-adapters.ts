/** Applies a model's adapters at a row's weights. */
import type { Adapter } from '../../models/networks/adapter.js';
import type { LoraWeight } from '../../records/settings.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { PromptCache } from '../text/prompt-cache.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import type { Unet } from '../unet/predict-noise.js';
import { mapEncoderSessions, mapUnetSessions } from './map-sessions.js';
import { adapterInput, type OpenedAdapters } from './open-adapters.js';

/** By adapter name. */
export type LoraWeights = Readonly<Record<string, LoraWeight>>;

/** The components that adapters change. */
export interface AdaptedModel {
  textEncoders: readonly TextEncoder[];
  prompts: Pick<PromptCache, 'encode'>;
  unet: Unet;
}

/** Returns the components with adapters at these weights. */
export type ApplyAdapters = (weights: LoraWeights) => AdaptedModel;

/** @param adapters of the graph @returns the same session, with these weights as inputs of each run */
const withAdapterWeights = (
  session: Session,
  adapters: readonly Adapter[],
  weights: LoraWeights,
  part: 'text_encoder' | 'unet',
): Session => {
  if (adapters.length === 0) return session;
  const byInput = new Map(
    Object.entries(weights).map(([name, weight]) => [
      adapterInput(name),
      typeof weight === 'number' ? weight : weight[part],
    ]),
  );
  const feeds: Record<string, Tensor> = Object.fromEntries(
    adapters.map(({ input }) => [input, tensor(Float32Array.of(byInput.get(input) ?? 0), [1])]),
  );
  return { run: (inputs, outputs) => session.run({ ...inputs, ...feeds }, outputs), close: () => session.close() };
};

/** The model with adapters at the row's weights; its sessions stay open. Names of unknown adapters are ignored. */
export const applyAdapterWeights = <Model extends { applyAdapters: ApplyAdapters | null }>(
  model: Model,
  weights: LoraWeights | undefined,
): Model =>
  weights === undefined || model.applyAdapters === null ? model : { ...model, ...model.applyAdapters(weights) };

/**
 * Caches the components of the last weights with their encoded prompts: most runs have the same weights for all rows.
 */
export const adapterApplier = (
  { textEncoders, unet }: Pick<AdaptedModel, 'textEncoders' | 'unet'>,
  { parts }: OpenedAdapters,
): ApplyAdapters => {
  const ofEncoders = textEncoders.length === 1 ? [parts.textEncoder2] : [parts.textEncoder, parts.textEncoder2];
  let cached: { weights: string; model: AdaptedModel } | undefined;
  return (weights) => {
    const key = JSON.stringify(weights);
    if (cached?.weights === key) return cached.model;
    const encoders = textEncoders.map((encoder, index) => adaptEncoder(encoder, ofEncoders[index] ?? [], weights));
    const model = {
      unet: adaptUnet(unet, parts.unet, weights),
      textEncoders: encoders,
      prompts: new PromptCache(encoders),
    };
    cached = { weights: key, model };
    return model;
  };
};

const adaptUnet = (unet: Unet, adapters: readonly Adapter[], weights: LoraWeights): Unet =>
  mapUnetSessions(unet, (session) => withAdapterWeights(session, adapters, weights, 'unet'));

const adaptEncoder = (encoder: TextEncoder, adapters: readonly Adapter[], weights: LoraWeights): TextEncoder =>
  mapEncoderSessions(encoder, (session) => withAdapterWeights(session, adapters, weights, 'text_encoder'));
