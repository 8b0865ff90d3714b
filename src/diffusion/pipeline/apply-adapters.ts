/** A model with its adapters at a row's weights. */
import type { Adapter } from '../../models/networks/adapter.js';
import type { LoraWeight } from '../../records/settings.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { PromptMemory } from '../text/prompt-cache.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import type { Unet } from '../unet/predict-noise.js';
import { PromptKeys } from '../unet/cross-attention-cache.js';
import { adapterInput, type OpenAdapters } from './open-adapters.js';

/** By the names of the adapters. */
export type LoraWeights = Readonly<Record<string, LoraWeight>>;

/** What adapters change in a model. */
export interface Weighed {
  textEncoders: readonly TextEncoder[];
  prompts: PromptMemory;
  unet: Unet;
}

/** A model's parts at some weights. */
export type WeighedBy = (weights: LoraWeights) => Weighed;

/** @param adapters of its graph @returns the same network, given these weights at each run */
const weighNetwork = (
  network: Session,
  adapters: readonly Adapter[],
  weights: LoraWeights,
  part: 'text_encoder' | 'unet',
): Session => {
  if (adapters.length === 0) return network;
  const byInput = new Map(
    Object.entries(weights).map(([name, weight]) => [
      adapterInput(name),
      typeof weight === 'number' ? weight : weight[part],
    ]),
  );
  const feeds: Record<string, Tensor> = Object.fromEntries(
    adapters.map(({ input }) => [input, tensor(Float32Array.of(byInput.get(input) ?? 0), [1])]),
  );
  return { run: (given) => network.run({ ...given, ...feeds }), close: () => network.close() };
};

/** The model as the row's weights make it; the networks stay the same. Names of other models' adapters say nothing. */
export const weighModel = <Model extends { weigh: WeighedBy | null }>(
  model: Model,
  weights: LoraWeights | undefined,
): Model => (weights === undefined || model.weigh === null ? model : { ...model, ...model.weigh(weights) });

/**
 * @returns what gives a model's parts at some weights. Prompts stay known until the weights change: most runs have the same
 * for all rows.
 */
export const weigher = (
  { textEncoders, unet }: Pick<Weighed, 'textEncoders' | 'unet'>,
  { parts }: OpenAdapters,
): WeighedBy => {
  const ofEncoders = textEncoders.length === 1 ? [parts.textEncoder2] : [parts.textEncoder, parts.textEncoder2];
  let known: { weights: string; weighed: Weighed } | undefined;
  return (weights) => {
    const key = JSON.stringify(weights);
    if (known?.weights === key) return known.weighed;
    const encoders = textEncoders.map((encoder, index) => weighEncoder(encoder, ofEncoders[index] ?? [], weights));
    const weighed = {
      unet: weighUnet(unet, parts.unet, weights),
      textEncoders: encoders,
      prompts: new PromptMemory(encoders),
    };
    known = { weights: key, weighed };
    return weighed;
  };
};

const weighUnet = (unet: Unet, adapters: readonly Adapter[], weights: LoraWeights): Unet => {
  const { network, promptKeys, openFreeU } = unet;
  const weigh = (one: Session): Session => weighNetwork(one, adapters, weights, 'unet');
  return {
    ...unet,
    network: weigh(network),
    ...(promptKeys === undefined ? {} : { promptKeys: new PromptKeys(weigh(promptKeys.network)) }),
    ...(openFreeU === undefined ? {} : { openFreeU: async () => weigh(await openFreeU()) }),
  };
};

const weighEncoder = (encoder: TextEncoder, adapters: readonly Adapter[], weights: LoraWeights): TextEncoder => {
  const { network, extended } = encoder;
  const weigh = (one: Session): Session => weighNetwork(one, adapters, weights, 'text_encoder');
  return {
    ...encoder,
    network: weigh(network),
    ...(extended === undefined ? {} : { extended: async () => weigh(await extended()) }),
  };
};
