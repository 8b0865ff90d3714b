/** Loads a model: finds its components, opens their networks, and checks that they match. */
import { RefineError } from '../../errors.js';
import { CPU, type Precision, type Target } from '../../onnx/graph/operators/target.js';
import { parseSchedulerConfig, type SchedulerConfig } from '../schedulers/registry.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import { readClipTokenizer, readTokenizer } from '../text/tokenizer/read-tokenizer.js';
import type { CallQueue } from '../../onnx/runtime/call-queue.js';
import { maxCacheDepth } from '../../models/networks/unet.js';
import type { Adapter } from '../../models/networks/adapter.js';
import type { MaxCacheDepth } from '../../records/unet-forms.js';
import type { EmbeddingChoice, LoraChoice, MemoryUse, VaeTiling } from '../../records/model-options.js';
import type { Unet } from '../unet/predict-noise.js';
import { TIME_ID_COUNT, type TimeIdKind } from '../unet/time-ids.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import { findModel } from '../../models/weights/discovery/find-model.js';
import { findVae } from '../../models/weights/discovery/find-vae.js';
import { fingerprintModel } from '../../models/weights/discovery/fingerprint-model.js';
import type { ModelFiles, ModelComponent } from '../../models/weights/discovery/model-files.js';
import { openAdapters, type OpenedAdapters } from './open-adapters.js';
import { openEmbeddings } from './open-embeddings.js';
import { openTextEncoder, openUnet, openVae, type OnUnused } from './open-components.js';
import { queueTextEncoder, queueUnet, queueVae } from './queue-calls.js';
import { unusedWarning } from './unused-warning.js';
import { adapterApplier, type AdaptedModel, type ApplyAdapters } from './apply-adapters.js';

export interface Model extends AdaptedModel {
  vae: Autoencoder;
  schedulerConfig: SchedulerConfig;
  timeIds: TimeIdKind;
  maxCacheDepth: MaxCacheDepth;
  /** An empty negative prompt is embedded as zeros. */
  zeroEmptyNegative: boolean;
  /** Precision of UNet and text encoders. */
  precision: Precision;
  /** Identifies the model: SHA-256, hexadecimal, `int8` if it is quantized, then its adapters and embeddings. */
  digest: string;
  /** Applies its adapters at given weights; null: it has none. */
  applyAdapters: ApplyAdapters | null;
  /** For the user. */
  warnings: readonly string[];
  /** Optional adapters by name: digests of the applied, and why others were skipped. */
  adapters: Pick<OpenedAdapters, 'digests' | 'skipped'>;
}

export interface LoadOptions {
  /** Device and precision; default: the CPU. */
  target?: Target;
  /** Folder or file of a VAE to use instead of the model's; default: none. */
  vae?: string | null;
  /** Default: auto. */
  vaeTiling?: VaeTiling;
  /** Default: lean. */
  memory?: MemoryUse;
  /** Adapters with their default weights; default: none. */
  loras?: readonly LoraChoice[];
  /** Default: none. */
  embeddings?: readonly EmbeddingChoice[];
  /** Jobs that run at a time; default: 1. */
  jobs?: number;
  /** Merges their calls; default: null. */
  queue?: CallQueue | null;
}

/**
 * @param path a folder in the diffusers layout, an ONNX export, or a one-file checkpoint
 * @throws MODEL_* WEIGHTS_* LORA_UNSUITABLE EMBEDDING_UNSUITABLE SESSION_CREATE
 */
export const loadModel = async (path: string, options: LoadOptions = {}): Promise<Model> => {
  const {
    target = CPU,
    vae = null,
    vaeTiling = 'auto',
    memory = 'lean',
    loras = [],
    embeddings = [],
    jobs = 1,
    queue = null,
  } = options;
  const model = await findModel(path);
  const files = vae === null ? model : { ...model, vae: await findVae(vae, model.vae) };
  const { index } = files;
  const timeIds: TimeIdKind = index.requiresAestheticsScore ? 'aesthetic-score' : 'target-size';
  const unused: string[] = [...files.unknownTensors];
  const onUnused: OnUnused = (names) => unused.push(...names);
  const adapters = await openAdapters(loras, files);
  const opened = await openTextEncoders(files, target, onUnused, adapters);
  const encoders = queue === null ? opened : opened.map((encoder) => queueTextEncoder(encoder, queue));
  const { textEncoders, digest: embedded } = await openEmbeddings(embeddings, encoders);
  const ownUnet = await openUnet(files.unet, { target, memory, adapters: adapters.parts.unet, jobs }, onUnused);
  const unet = queue === null ? ownUnet : queueUnet(ownUnet, queue);
  expectWidths(files.unet, unet, textEncoders, timeIds);
  const autoencoder = await openVae(files.vae, { target, vaeTiling }, onUnused);
  const warning = unusedWarning(unused);
  const applyAdapters = adapterApplier({ textEncoders, unet }, adapters);
  return {
    ...applyAdapters(Object.fromEntries(loras.map(({ name, weight }) => [name, weight]))),
    applyAdapters: loras.length === 0 ? null : applyAdapters,
    vae: queue === null ? autoencoder : queueVae(autoencoder, queue),
    schedulerConfig: parseSchedulerConfig(files.scheduler),
    timeIds,
    maxCacheDepth: files.unet.form === 'onnx' ? null : maxCacheDepth(unet.config),
    zeroEmptyNegative: index.forceZerosForEmptyPrompt,
    /* An ONNX export has a fixed precision. */
    precision: files.unet.form === 'onnx' ? 'fp32' : target.precision,
    /* A quantized model makes different pictures: `--resume` must not mix them with the others. */
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
  { parts }: OpenedAdapters,
): Promise<TextEncoder[]> => {
  const { textEncoder: first, textEncoder2: second, tokenizer, tokenizer2 } = files;
  const open = async (
    part: ModelComponent,
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

/** Checks that text encoders and micro-conditioning have the widths of the UNet's inputs. */
const expectWidths = (
  part: ModelComponent,
  { config }: Unet,
  encoders: readonly TextEncoder[],
  timeIds: TimeIdKind,
): void => {
  const prompt = encoders.reduce((width, encoder) => width + encoder.config.width, 0);
  const addition = (encoders.at(-1)?.config.projection ?? 0) + TIME_ID_COUNT[timeIds] * config.timeIdEmbedDim;
  const expected = [
    ['cross_attention_dim', config.crossAttentionDim, prompt, 'the text encoders have'],
    ['projection_class_embeddings_input_dim', config.addedCondDim, addition, 'pooled text and time ids have'],
  ] as const;
  for (const [key, width, actual, source] of expected) {
    if (width === actual) continue;
    throw new RefineError(
      'MODEL_CONFIG_UNSUPPORTED',
      `${part.folder} has "${key}": ${width}, but ${source} ${actual}. Its components are not of one model, ` +
        'or "requires_aesthetics_score" in model_index.json is wrong.',
      { context: { key, found: width, given: actual } },
    );
  }
};
