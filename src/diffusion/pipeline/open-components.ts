/** Each part of a model, opened: its network written from its configuration over the user's own weights. */
import { RefineError } from '../../errors.js';
import type { WrittenGraph } from '../../onnx/graph/onnx/graph-builder.js';
import type { Target } from '../../onnx/graph/operators/target.js';
import type { Adapter } from '../../models/networks/adapter.js';
import { parseClipConfig } from '../../models/networks/clip-config.js';
import { writeClipTextEncoder } from '../../models/networks/clip-text-encoder.js';
import type { LayerScope } from '../../models/networks/layer-scope.js';
import { writeCrossAttentionKv } from '../../models/networks/cross-attention-cache.js';
import { parseUnetConfig } from '../../models/networks/unet-config.js';
import { writeUnet } from '../../models/networks/unet.js';
import { parseVaeConfig } from '../../models/networks/vae-config.js';
import { writeVaeDecoder, writeVaeEncoder } from '../../models/networks/vae.js';
import { writeGraph } from '../../models/networks/write-graph.js';
import { nchwcBlockSize } from '../../onnx/runtime/nchwc-block-size.js';
import { openSession, type Session } from '../../onnx/runtime/session.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import type { Unet } from '../unet/predict-noise.js';
import { PromptKeys } from '../unet/cross-attention-cache.js';
import type { MemoryUse, VaeTiling } from '../../records/model-options.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import type { OpenPart } from '../vae/run-strips.js';
import type { ModelPart } from '../../models/weights/discovery/model-files.js';
import { openPart } from '../../models/weights/discovery/open-weights.js';
import { inputsProblem } from '../../models/weights/discovery/recognize-tensors.js';
import { PreparedFile } from '../../models/weights/cache/prepared-file.js';
import { once } from './once.js';
import { openExportedTextEncoder, openExportedUnet, openExportedVae } from './open-onnx-export.js';

/** Told the tensors of a part that its network did not ask for. */
export type OnUnused = (names: readonly string[]) => void;

/** Without its tokenizer. @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openTextEncoder = async (
  part: ModelPart,
  target: Target,
  onUnused: OnUnused,
  adapters: readonly Adapter[] = [],
): Promise<Omit<TextEncoder, 'tokenizer'>> => {
  if (part.form === 'onnx') return openExportedTextEncoder(part, target);
  const config = parseClipConfig(part.config, part.folder);
  const weights = await openPart(part);
  const write = (scope: LayerScope): void => {
    writeClipTextEncoder(scope, config);
  };
  const block = await nchwcBlockSize(target);
  const graph = writeGraph('text encoder', weights, write, { target, blockSize: block, adapters });
  /* An encoder without projection ends before its last layer. */
  const isLast = (name: string): boolean =>
    config.projection === null && new RegExp(`(^|\\.)(layers\\.${config.layers - 1}|final_layer_norm)\\.`).test(name);
  onUnused(weights.unused().filter((name) => !isLast(name)));
  const openExtended = (): Promise<Session> => {
    const writeExtended = (scope: LayerScope): void => {
      writeClipTextEncoder(scope, config, true);
    };
    return openSession(writeGraph('text encoder', weights, writeExtended, { target, blockSize: block, adapters }));
  };
  return { config, network: await openSession(graph), extended: once(openExtended) };
};

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE CACHE_UNWRITABLE USAGE_CONFLICT */
export const openUnet = async (
  part: ModelPart,
  { target, memory, adapters = [] }: { target: Target; memory: MemoryUse; adapters?: readonly Adapter[] },
  onUnused: OnUnused,
): Promise<Unet> => {
  if (part.form === 'onnx') {
    if (target.precision === 'int8') throw exportConflict(part, '--precision int8');
    return openExportedUnet(part, target);
  }
  expectLatentsAlone(part);
  const config = parseUnetConfig(part.config, part.folder);
  const weights = await openPart(part);
  const { family, precision } = target;
  const isFast = family === 'cpu' && memory === 'fast';
  /* Elsewhere keys and values would go to the device again at each step. */
  const hasKeys = family === 'cpu';
  const block = await nchwcBlockSize(target);
  const write = async (hasFreeU: boolean): Promise<WrittenGraph> => {
    const prepared = {
      int8: precision === 'int8' ? await PreparedFile.of(weights, 'int8') : null,
      fast: isFast ? await PreparedFile.of(weights, 'fast', { precision, block }) : null,
    };
    const writeOne = (scope: LayerScope): void => {
      writeUnet(scope, config, { hasFreeU, hasCrossAttentionKv: hasKeys });
    };
    const graph = writeGraph('UNet', weights, writeOne, { target, prepared, blockSize: block, adapters });
    await prepared.int8?.make();
    await prepared.fast?.make();
    return { ...graph, prepacksWeights: prepared.int8 !== null && isFast };
  };
  const openKeys = async (): Promise<PromptKeys> => {
    const writeKeys = (scope: LayerScope): void => {
      writeCrossAttentionKv(scope, config);
    };
    const graph = writeGraph('UNet’s prompt keys', weights, writeKeys, { target, blockSize: block, adapters });
    return new PromptKeys(await openSession(graph));
  };
  const graph = await write(false);
  const keys = hasKeys ? { promptKeys: await openKeys() } : {};
  onUnused(weights.unused());
  return {
    config,
    network: await openSession(graph),
    ...keys,
    openFreeU: once(async () => openSession(await write(true))),
  };
};

/** Other models of the family have the same parts, and a UNet that is given more. */
const expectLatentsAlone = ({ config, folder }: ModelPart): void => {
  const { in_channels: channels } = config;
  const problem = typeof channels === 'number' ? inputsProblem(channels) : null;
  if (problem === null) return;
  throw new RefineError('MODEL_CONFIG_UNSUPPORTED', `${folder} is of ${problem}. Give an SDXL refiner.`, {
    context: { key: 'in_channels' },
  });
};

/**
 * Always in float32: the published VAE's numbers leave what half precision can hold (`force_upcast` of its configuration).
 * @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE USAGE_CONFLICT
 */
export const openVae = async (
  part: ModelPart,
  { target, vaeTiling }: { target: Target; vaeTiling: VaeTiling },
  onUnused: OnUnused,
): Promise<Autoencoder> => {
  const exact: Target = { ...target, precision: 'fp32' };
  if (part.form === 'onnx') {
    if (vaeTiling === 'on') throw exportConflict(part, '--vae-tiling on');
    return openExportedVae(part, exact);
  }
  const config = parseVaeConfig(part.config, part.folder);
  const weights = await openPart(part);
  const writeEncoder = (scope: LayerScope): void => {
    writeVaeEncoder(scope, config);
  };
  const writeDecoder = (scope: LayerScope): void => {
    writeVaeDecoder(scope, config);
  };
  const block = await nchwcBlockSize(target);
  const encoder = writeGraph('VAE encoder', weights, writeEncoder, { target: exact, blockSize: block });
  const decoder = writeGraph('VAE decoder', weights, writeDecoder, { target: exact, blockSize: block });
  onUnused(weights.unused());
  /* Bands run on the CPU, whose memory is known; another device's is its own. */
  const tiling = target.family === 'cpu' || vaeTiling === 'on' ? vaeTiling : 'off';
  const open: OpenPart = async (name, write) =>
    openSession(writeGraph(name, weights, write, { blockSize: await nchwcBlockSize() }));
  return {
    config,
    encoder: await openSession(encoder),
    decoder: await openSession(decoder),
    bands: { open, tiling, isBlocked: block !== null },
  };
};

const exportConflict = ({ folder }: ModelPart, option: string): RefineError =>
  new RefineError(
    'USAGE_CONFLICT',
    `${folder} is an export to ONNX, whose arithmetic is in it; ${option} needs the model as safetensors. Leave it out.`,
    { context: { folder } },
  );
