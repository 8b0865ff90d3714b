/** A model, opened: its parts found, its networks ready, and checked to belong together. */
import { RefineError } from '../../errors.js';
import { CPU, type Precision, type Target } from '../../onnx/graph/operators/target.js';
import { parseSchedulerConfig, type SchedulerConfig } from '../schedulers/registry.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import { readClipTokenizer, readTokenizer } from '../text/tokenizer/read-tokenizer.js';
import type { Adapter } from '../../models/networks/adapter.js';
import type { EmbeddingChoice, LoraChoice, MemoryUse, VaeTiling } from '../../records/model-options.js';
import type { Unet } from '../unet/predict-noise.js';
import { TIME_ID_COUNT, type TimeIdKind } from '../unet/time-ids.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import { findModel } from '../../models/weights/discovery/find-model.js';
import { findVae } from '../../models/weights/discovery/find-vae.js';
import { fingerprintModel } from '../../models/weights/discovery/fingerprint-model.js';
import type { ModelFiles, ModelPart } from '../../models/weights/discovery/model-files.js';
import { openAdapters, type OpenAdapters } from './open-adapters.js';
import { openEmbeddings } from './open-embeddings.js';
import { openTextEncoder, openUnet, openVae, type OnUnused } from './open-components.js';
import { unusedWarning } from './unused-warning.js';
import { weigher, type Weighed, type WeighedBy } from './apply-adapters.js';

export interface Model extends Weighed {
  vae: Autoencoder;
  schedulerConfig: SchedulerConfig;
  timeIds: TimeIdKind;
  /** An empty negative prompt is zeros instead of an encoded empty text. */
  zeroEmptyNegative: boolean;
  /** Of the UNet's and the text encoders' arithmetic. */
  precision: Precision;
  /** Tells models apart: SHA-256, hexadecimal, and `int8` where it is quantized; then the same of its adapters' files. */
  digest: string;
  /** Its parts with its adapters at these weights; null: it has none. */
  weigh: WeighedBy | null;
  /** For people: what may not be as they think. */
  warnings: readonly string[];
  /** Of adapters that need not fit: what tells their files apart, and why some are left out, by their names. */
  adapters: Pick<OpenAdapters, 'digests' | 'leftOut'>;
}

export interface LoadOptions {
  /** Where it runs, and with what precision; default: the CPU. */
  target?: Target;
  /** Folder or file of a VAE to use instead of the model's own; default: none. */
  vae?: string | null;
  /** Default: auto. */
  vaeTiling?: VaeTiling;
  /** Default: lean. */
  memory?: MemoryUse;
  /** Adapters, each with its weight where a row gives none; default: none. */
  loras?: readonly LoraChoice[];
  /** Default: none. */
  embeddings?: readonly EmbeddingChoice[];
}

/**
 * @param path a folder in the diffusers layout or of an export to ONNX, or a one-file checkpoint
 * @throws MODEL_* WEIGHTS_* LORA_UNSUITABLE EMBEDDING_UNSUITABLE SESSION_CREATE
 */
export const loadModel = async (
  path: string,
  { target = CPU, vae = null, vaeTiling = 'auto', memory = 'lean', loras = [], embeddings = [] }: LoadOptions = {},
): Promise<Model> => {
  const found = await findModel(path);
  const files = vae === null ? found : { ...found, vae: await findVae(vae, found.vae) };
  const { index } = files;
  const timeIds: TimeIdKind = index.requiresAestheticsScore ? 'aesthetic-score' : 'target-size';
  const unused: string[] = [...files.strangers];
  const onUnused: OnUnused = (names) => unused.push(...names);
  const adapters = await openAdapters(loras, files);
  const encoders = await openTextEncoders(files, target, onUnused, adapters);
  const { textEncoders, digest: embedded } = await openEmbeddings(embeddings, encoders);
  const unet = await openUnet(files.unet, { target, memory, adapters: adapters.parts.unet }, onUnused);
  expectWidths(files.unet, unet, textEncoders, timeIds);
  const autoencoder = await openVae(files.vae, { target, vaeTiling }, onUnused);
  const warning = unusedWarning(unused);
  const weigh = weigher({ textEncoders, unet }, adapters);
  return {
    ...weigh(Object.fromEntries(loras.map(({ name, weight }) => [name, weight]))),
    weigh: loras.length === 0 ? null : weigh,
    vae: autoencoder,
    schedulerConfig: parseSchedulerConfig(files.scheduler),
    timeIds,
    zeroEmptyNegative: index.forceZerosForEmptyPrompt,
    /* An export's arithmetic is written in it. */
    precision: files.unet.form === 'onnx' ? 'fp32' : target.precision,
    /* Quantized, it is another model: its pictures are not taken over by a run without, nor the other way. */
    digest:
      (await fingerprintModel(files)) +
      (target.precision === 'int8' ? ' int8' : '') +
      (adapters.digest && ` ${adapters.digest}`) +
      (embedded && ` ${embedded}`),
    warnings: [...(warning === null ? [] : [warning]), ...adapters.warnings],
    adapters,
  };
};

const openTextEncoders = async (
  files: ModelFiles,
  target: Target,
  onUnused: OnUnused,
  { parts }: OpenAdapters,
): Promise<TextEncoder[]> => {
  const { textEncoder: first, textEncoder2: second, tokenizer, tokenizer2 } = files;
  const open = async (
    part: ModelPart,
    folder: string | null,
    padsWithEnd: boolean,
    adapters: readonly Adapter[],
  ): Promise<TextEncoder> => ({
    ...(await openTextEncoder(part, target, onUnused, adapters)),
    tokenizer: await (folder === null ? readClipTokenizer(padsWithEnd) : readTokenizer(folder)),
  });
  const last = await open(second, tokenizer2, false, parts.textEncoder2);
  return first === null ? [last] : [await open(first, tokenizer, true, parts.textEncoder), last];
};

/** The UNet's inputs must be as wide as what the text encoders and the micro-conditioning give. */
const expectWidths = (
  part: ModelPart,
  { config }: Unet,
  encoders: readonly TextEncoder[],
  timeIds: TimeIdKind,
): void => {
  const prompt = encoders.reduce((width, encoder) => width + encoder.config.width, 0);
  const addition = (encoders.at(-1)?.config.projection ?? 0) + TIME_ID_COUNT[timeIds] * config.timeIdEmbedDim;
  const expected = [
    ['cross_attention_dim', config.crossAttentionDim, prompt, 'the text encoders give'],
    ['projection_class_embeddings_input_dim', config.addedCondDim, addition, 'pooled text and time ids give'],
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
