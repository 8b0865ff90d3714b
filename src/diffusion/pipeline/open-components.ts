/** Opens the components of a model: networks written from their configurations over the user's weights. */
import { RefineError } from '../../errors.js';
import type { WrittenGraph } from '../../onnx/graph/onnx/graph-builder.js';
import type { Target } from '../../onnx/graph/operators/target.js';
import type { Adapter } from '../../models/networks/adapter.js';
import { parseClipConfig } from '../../models/networks/clip-config.js';
import { writeClipTextEncoder } from '../../models/networks/clip-text-encoder.js';
import type { LayerScope } from '../../models/networks/layer-scope.js';
import { writeCrossAttentionKv } from '../../models/networks/cross-attention-cache.js';
import { parseUnetConfig } from '../../models/networks/unet-config.js';
import { USUAL_CACHE_DEPTH, writeUnet, type UnetForm } from '../../models/networks/unet.js';
import { parseVaeConfig } from '../../models/networks/vae-config.js';
import { writeVaeDecoder, writeVaeEncoder } from '../../models/networks/vae.js';
import { writeGraph } from '../../models/networks/write-graph.js';
import { nchwcBlockSize } from '../../onnx/runtime/nchwc-block-size.js';
import { openSession, type Session } from '../../onnx/runtime/session.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import type { Unet } from '../unet/predict-noise.js';
import { CrossAttentionCache } from '../unet/cross-attention-cache.js';
import type { MemoryUse, VaeTiling } from '../../records/model-options.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import type { OpenVaeNetwork } from '../vae/run-strips.js';
import type { ModelComponent } from '../../models/weights/discovery/model-files.js';
import { openComponent } from '../../models/weights/discovery/open-weights.js';
import { inputsProblem } from '../../models/weights/discovery/recognize-tensors.js';
import { PreparedFile } from '../../models/weights/cache/prepared-file.js';
import { once, onceEach } from './once.js';
import { openExportedTextEncoder, openExportedUnet, openExportedVae } from './open-onnx-export.js';

/** Called with the tensors of a component that its network does not use. */
export type OnUnused = (names: readonly string[]) => void;

/** Opens a text encoder without its tokenizer. @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openTextEncoder = async (
  part: ModelComponent,
  target: Target,
  onUnused: OnUnused,
  adapters: readonly Adapter[] = [],
): Promise<Omit<TextEncoder, 'tokenizer'>> => {
  if (part.form === 'onnx') return openExportedTextEncoder(part, target);
  const config = parseClipConfig(part.config, part.folder);
  const weights = await openComponent(part);
  const write = (scope: LayerScope): void => {
    writeClipTextEncoder(scope, config);
  };
  const blockSize = await nchwcBlockSize(target);
  const graph = writeGraph('text encoder', weights, write, { target, blockSize, adapters });
  /* An encoder without projection does not run its last layer. */
  const isLast = (name: string): boolean =>
    config.projection === null && new RegExp(`(^|\\.)(layers\\.${config.layers - 1}|final_layer_norm)\\.`).test(name);
  onUnused(weights.unused().filter((name) => !isLast(name)));
  const openExtended = (): Promise<Session> => {
    const writeExtended = (scope: LayerScope): void => {
      writeClipTextEncoder(scope, config, true);
    };
    return openSession(writeGraph('text encoder', weights, writeExtended, { target, blockSize, adapters }));
  };
  return { config, session: await openSession(graph), extended: once(openExtended) };
};

interface UnetOptions {
  target: Target;
  memory: MemoryUse;
  /** Default: none. */
  adapters?: readonly Adapter[];
  /** That run at a time; default: 1. */
  jobs?: number;
}

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE CACHE_UNWRITABLE USAGE_CONFLICT */
export const openUnet = async (
  part: ModelComponent,
  { target, memory, adapters = [], jobs = 1 }: UnetOptions,
  onUnused: OnUnused,
): Promise<Unet> => {
  if (part.form === 'onnx') {
    if (target.precision === 'int8') throw exportConflict(part, '--precision int8 (or --speed fast)');
    return openExportedUnet(part, target);
  }
  expectLatentsAlone(part);
  const config = parseUnetConfig(part.config, part.folder);
  const weights = await openComponent(part);
  const { family, precision } = target;
  const isCached = family === 'cpu' && memory === 'cached';
  /* Other devices would upload keys and values again at each step. */
  const hasCrossAttentionKv = family === 'cpu';
  const blockSize = await nchwcBlockSize(target);
  const usual: UnetForm = { hasCrossAttentionKv, deepCache: { depth: USUAL_CACHE_DEPTH, isShallow: false } };
  const write = async (form: UnetForm): Promise<WrittenGraph> => {
    const prepared = {
      int8: precision === 'int8' ? await PreparedFile.of(weights, 'int8') : null,
      transformed: isCached ? await PreparedFile.of(weights, 'transformed', { precision, block: blockSize }) : null,
    };
    const writeOne = (scope: LayerScope): void => {
      writeUnet(scope, config, { ...usual, ...form });
    };
    const graph = writeGraph('UNet', weights, writeOne, { target, prepared, blockSize, adapters });
    await prepared.int8?.make();
    await prepared.transformed?.make();
    return { ...graph, prepacksWeights: prepared.int8 !== null && isCached };
  };
  const openCrossAttentionCache = async (): Promise<CrossAttentionCache> => {
    const writeKv = (scope: LayerScope): void => {
      writeCrossAttentionKv(scope, config);
    };
    const graph = writeGraph('UNet’s cross-attention projections', weights, writeKv, { target, blockSize, adapters });
    return new CrossAttentionCache(await openSession(graph), jobs);
  };
  const graph = await write({});
  const cache = hasCrossAttentionKv ? { crossAttentionCache: await openCrossAttentionCache() } : {};
  onUnused(weights.unused());
  return {
    config,
    session: await openSession(graph),
    ...cache,
    openForm: onceEach(async (form) => openSession(await write(form))),
  };
};

/** Refuses UNets with more input channels than latents, such as inpainting models. */
const expectLatentsAlone = ({ config, folder }: ModelComponent): void => {
  const { in_channels: channels } = config;
  const problem = typeof channels === 'number' ? inputsProblem(channels) : null;
  if (problem === null) return;
  throw new RefineError('MODEL_CONFIG_UNSUPPORTED', `${folder} is ${problem}. Give an SDXL refiner.`, {
    context: { key: 'in_channels' },
  });
};

/**
 * Always in float32: the published VAE overflows half precision (`force_upcast` in its configuration).
 * @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE USAGE_CONFLICT
 */
export const openVae = async (
  part: ModelComponent,
  { target, vaeTiling }: { target: Target; vaeTiling: VaeTiling },
  onUnused: OnUnused,
): Promise<Autoencoder> => {
  const exact: Target = { ...target, precision: 'fp32' };
  if (part.form === 'onnx') {
    if (vaeTiling === 'on') throw exportConflict(part, '--vae-tiling on');
    return openExportedVae(part, exact);
  }
  const config = parseVaeConfig(part.config, part.folder);
  const weights = await openComponent(part);
  const writeEncoder = (scope: LayerScope): void => {
    writeVaeEncoder(scope, config);
  };
  const writeDecoder = (scope: LayerScope): void => {
    writeVaeDecoder(scope, config);
  };
  const blockSize = await nchwcBlockSize(target);
  const encoder = writeGraph('VAE encoder', weights, writeEncoder, { target: exact, blockSize });
  const decoder = writeGraph('VAE decoder', weights, writeDecoder, { target: exact, blockSize });
  onUnused(weights.unused());
  /* `auto` applies on the CPU only: the free memory of other devices is unknown. */
  const tiling = target.family === 'cpu' || vaeTiling === 'on' ? vaeTiling : 'off';
  const open: OpenVaeNetwork = async (name, write) =>
    openSession(writeGraph(name, weights, write, { blockSize: await nchwcBlockSize() }));
  return {
    config,
    encoder: await openSession(encoder),
    decoder: await openSession(decoder),
    rowStrips: { open, tiling, isNchwc: blockSize !== null },
  };
};

/** @param option that an ONNX export cannot have */
export const exportConflict = ({ folder }: ModelComponent, option: string): RefineError =>
  new RefineError(
    'USAGE_CONFLICT',
    `Expected a model in safetensors for ${option}, found an ONNX export: ${folder}. Give the safetensors, or leave the option out.`,
    { context: { folder } },
  );
