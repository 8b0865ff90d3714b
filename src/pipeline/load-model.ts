/** A model folder, opened: every network written from its configuration over the user's own weights. */
import { RefineError } from '../errors.js';
import { parseClipConfig } from '../networks/clip-config.js';
import { writeClipTextEncoder } from '../networks/clip-text-encoder.js';
import { parseUnetConfig } from '../networks/unet-config.js';
import { writeUnet } from '../networks/unet.js';
import { parseVaeConfig } from '../networks/vae-config.js';
import { writeVaeDecoder, writeVaeEncoder } from '../networks/vae.js';
import { writeGraph } from '../networks/write-graph.js';
import { openNetwork } from '../runtime/network.js';
import { parseSchedulerConfig, type SchedulerConfig } from '../schedulers/registry.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import { readTokenizer } from '../text/read-tokenizer.js';
import type { Unet } from '../unet/predict-noise.js';
import { TIME_ID_COUNT, type TimeIdKind } from '../unet/time-ids.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import { fingerprintModel } from '../weights/fingerprint-model.js';
import { findModel, type ModelFolder, type ModelPart } from '../weights/model-folder.js';
import { openWeights } from '../weights/open-weights.js';

export interface Model {
  textEncoders: readonly TextEncoder[];
  unet: Unet;
  vae: Autoencoder;
  schedulerConfig: SchedulerConfig;
  timeIds: TimeIdKind;
  /** An empty negative prompt is zeros instead of an encoded empty text. */
  zeroEmptyNegative: boolean;
  /** Of the arithmetic. */
  precision: 'fp32';
  /** Tells models apart: SHA-256, hexadecimal. */
  digest: string;
}

/** @throws MODEL_* WEIGHTS_* SESSION_CREATE */
export const loadModel = async (path: string): Promise<Model> => {
  const folder = await findModel(path);
  const { index } = folder;
  const timeIds: TimeIdKind = index.requiresAestheticsScore ? 'aesthetic-score' : 'target-size';
  const textEncoders = await openTextEncoders(folder);
  const unet = await openUnet(folder.unet);
  expectWidths(folder.unet, unet, textEncoders, timeIds);
  return {
    textEncoders,
    unet,
    vae: await openVae(folder.vae),
    schedulerConfig: parseSchedulerConfig(folder.schedulerConfig),
    timeIds,
    zeroEmptyNegative: index.forceZerosForEmptyPrompt,
    precision: 'fp32',
    digest: await fingerprintModel(folder),
  };
};

const openTextEncoders = async (folder: ModelFolder): Promise<TextEncoder[]> => {
  const last = await openTextEncoder(folder.textEncoder2, folder.tokenizer2);
  if (folder.textEncoder === null || folder.tokenizer === null) return [last];
  return [await openTextEncoder(folder.textEncoder, folder.tokenizer), last];
};

const openTextEncoder = async (part: ModelPart, tokenizerFolder: string): Promise<TextEncoder> => {
  const config = parseClipConfig(part.config, part.folder);
  const weights = await openWeights(part.weightFiles);
  const graph = writeGraph('text encoder', weights, (scope) => {
    writeClipTextEncoder(scope, config);
  });
  return { config, tokenizer: await readTokenizer(tokenizerFolder), network: await openNetwork(graph) };
};

const openUnet = async (part: ModelPart): Promise<Unet> => {
  const config = parseUnetConfig(part.config, part.folder);
  const weights = await openWeights(part.weightFiles);
  const graph = writeGraph('UNet', weights, (scope) => {
    writeUnet(scope, config);
  });
  return { config, network: await openNetwork(graph) };
};

const openVae = async (part: ModelPart): Promise<Autoencoder> => {
  const config = parseVaeConfig(part.config, part.folder);
  const weights = await openWeights(part.weightFiles);
  const encoder = writeGraph('VAE encoder', weights, (scope) => {
    writeVaeEncoder(scope, config);
  });
  const decoder = writeGraph('VAE decoder', weights, (scope) => {
    writeVaeDecoder(scope, config);
  });
  return { config, encoder: await openNetwork(encoder), decoder: await openNetwork(decoder) };
};

/** The UNet's inputs must be as wide as what the text encoders and the micro-conditioning give. */
const expectWidths = (
  part: ModelPart,
  { config }: Unet,
  encoders: readonly TextEncoder[],
  timeIds: TimeIdKind,
): void => {
  const prompt = encoders.reduce((width, encoder) => width + encoder.config.width, 0);
  const addition = (encoders.at(-1)?.config.projection ?? 0) + TIME_ID_COUNT[timeIds] * config.timeIdWidth;
  const expected = [
    ['cross_attention_dim', config.promptWidth, prompt, 'the text encoders give'],
    ['projection_class_embeddings_input_dim', config.additionWidth, addition, 'pooled text and time ids give'],
  ] as const;
  for (const [key, found, given, source] of expected) {
    if (found === given) continue;
    throw new RefineError(
      'MODEL_CONFIG_UNSUPPORTED',
      `${part.folder} has "${key}": ${found}, but ${source} ${given}. The parts of this folder are not of one model, ` +
        'or "requires_aesthetics_score" in model_index.json is wrong.',
      { context: { key, found, given } },
    );
  }
};
