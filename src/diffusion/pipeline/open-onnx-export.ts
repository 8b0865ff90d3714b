/**
 * The parts of an export by optimum (optimum-onnx 0.1.0, exporters/onnx/model_configs.py): networks with its own inputs and
 * outputs, as those that are written here.
 */
import { messageOf, RefineError } from '../../errors.js';
import { importGraph, parseOnnxModel, type OnnxModel } from '../../onnx/graph/onnx/import-graph.js';
import type { Target } from '../../onnx/graph/operators/target.js';
import { parseClipConfig } from '../../models/networks/clip-config.js';
import { CLIP } from '../../models/networks/clip-text-encoder.js';
import { parseUnetConfig } from '../../models/networks/unet-config.js';
import { UNET } from '../../models/networks/unet.js';
import { parseVaeConfig } from '../../models/networks/vae-config.js';
import { VAE_DECODER, VAE_ENCODER } from '../../models/networks/vae.js';
import { openSession, type Feeds, type Integers, type Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import type { TextEncoder } from '../text/encode-prompt.js';
import type { Unet } from '../unet/predict-noise.js';
import type { Autoencoder } from '../vae/autoencoder.js';
import type { ModelPart } from '../../models/weights/discovery/model-files.js';
import { showNames } from '../../models/weights/safetensors/format-value.js';
import { findExportData, readExport } from '../../models/weights/discovery/read-onnx-export.js';

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openExportedTextEncoder = async (
  part: ModelPart,
  target: Target,
): Promise<Omit<TextEncoder, 'tokenizer'>> => {
  const config = parseClipConfig(part.config, part.folder);
  /* Counted from the embeddings: what the last layer is given. */
  const hidden = { [`hidden_states.${config.layers - 1}`]: CLIP.hidden };
  const { network } = await open(part.weightFiles[0], 'text encoder', target, {
    inputs: { input_ids: CLIP.ids },
    outputs: config.projection === null ? hidden : { ...hidden, text_embeds: CLIP.pooled },
  });
  const run: Session['run'] = (feeds) => {
    const { integers } = feeds[CLIP.ids] as Integers;
    const dims = [integers.length / config.positions, config.positions];
    return network.run({ [CLIP.ids]: { integers, dims } });
  };
  return { config, network: { run, close: () => network.close() } };
};

const UNET_INPUTS = ['sample', 'timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids'];

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openExportedUnet = async (part: ModelPart, target: Target): Promise<Unet> => {
  const config = parseUnetConfig(part.config, part.folder);
  const { network, inputs } = await open(part.weightFiles[0], 'UNet', target, {
    inputs: Object.fromEntries(UNET_INPUTS.map((name) => [name, name])),
    outputs: { out_sample: UNET.prediction },
  });
  const timestepDims = (inputs.get('timestep') ?? []).map(() => 1);
  return {
    config,
    network,
    /* Its upsamplers double, where those of the written network go to the size of what they meet. */
    sizeMultiple: 2 ** (config.downBlocks.length - 1),
    feeds: (sample, timestep, { prompt, pooled, timeIds }) => ({
      sample,
      timestep: tensor(Float32Array.of(timestep), timestepDims),
      encoder_hidden_states: prompt,
      text_embeds: pooled,
      time_ids: tensor(Float32Array.from(timeIds.flat()), [timeIds.length, timeIds[0]?.length ?? 0]),
    }),
  };
};

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openExportedVae = async (part: ModelPart, target: Target): Promise<Autoencoder> => {
  const config = parseVaeConfig(part.config, part.folder);
  const [encoderFile, decoderFile] = part.weightFiles;
  const encoder = await open(encoderFile, 'VAE encoder', target, {
    inputs: { sample: VAE_ENCODER.image },
    outputs: { latent_parameters: VAE_ENCODER.moments },
  });
  const decoder = await open(decoderFile, 'VAE decoder', target, {
    inputs: { latent_sample: VAE_DECODER.latents },
    outputs: { sample: VAE_DECODER.image },
  });
  return {
    config,
    encoder: encoder.network,
    decoder: decoder.network,
    bands: null,
  };
};

/** Its names of inputs and outputs, and ours. */
interface Names {
  inputs: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
}

interface Opened {
  /** Under our names. */
  network: Session;
  inputs: OnnxModel['inputs'];
}

const open = async (file = '', name: string, target: Target, names: Names): Promise<Opened> => {
  const foreign = read(file, await readExport(file));
  expectNames(foreign, names, file, name);
  const graph = importGraph(foreign, { name, target, ...(await findExportData(file, foreign.locations)) });
  const network = await openSession(graph);
  const run: Session['run'] = async (feeds) => {
    const given = Object.entries(names.inputs).map(([theirs, ours]) => [theirs, feeds[ours]] as const);
    const outputs = await network.run(Object.fromEntries(given) as Feeds);
    return Object.fromEntries(Object.entries(names.outputs).map(([theirs, ours]) => [ours, outputs[theirs] as Tensor]));
  };
  return { network: { run, close: () => network.close() }, inputs: foreign.inputs };
};

/** Other versions and programs export other ends: a sample in place of the VAE's distribution, no hidden states. */
const expectNames = (foreign: OnnxModel, names: Names, file: string, name: string): void => {
  const [inputs, outputs] = [Object.keys(names.inputs), Object.keys(names.outputs)];
  const given = [...foreign.inputs.keys()];
  const isKnown =
    given.length === inputs.length &&
    inputs.every((input) => given.includes(input)) &&
    outputs.every((output) => foreign.outputs.includes(output));
  if (isKnown) return;
  const message =
    `${file} takes ${showNames(given)} and gives ${showNames(foreign.outputs)}. ` +
    `Expected the ${name} of an export by optimum-onnx 0.1 or later: ${inputs.join(', ')}, and ${outputs.join(', ')} back. ` +
    'Export the model again with it, or give the safetensors.';
  throw new RefineError('MODEL_CONFIG_UNSUPPORTED', message, { context: { file } });
};

const read = (file: string, bytes: Uint8Array): OnnxModel => {
  try {
    return parseOnnxModel(bytes);
  } catch (cause) {
    const message = `${file} is no ONNX model: ${messageOf(cause)}. Download or export it again.`;
    throw new RefineError('WEIGHTS_HEADER_INVALID', message, { context: { file }, cause });
  }
};
