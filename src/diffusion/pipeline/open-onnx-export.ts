/**
 * Opens the components of an ONNX export by optimum (optimum-onnx 0.1.0, exporters/onnx/model_configs.py), with inputs and
 * outputs renamed to those of the written networks.
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
import type { ModelComponent } from '../../models/weights/discovery/model-files.js';
import { showNames } from '../../models/weights/safetensors/format-value.js';
import { findExternalData, readOnnxExport } from '../../models/weights/discovery/read-onnx-export.js';

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openExportedTextEncoder = async (
  part: ModelComponent,
  target: Target,
): Promise<Omit<TextEncoder, 'tokenizer'>> => {
  const config = parseClipConfig(part.config, part.folder);
  /* Hidden states are counted from the embeddings: this is the input of the last layer. */
  const hidden = { [`hidden_states.${config.layers - 1}`]: CLIP.hidden };
  const { session } = await open(part.weightFiles[0], 'text encoder', target, {
    inputs: { input_ids: CLIP.ids },
    outputs: config.projection === null ? hidden : { ...hidden, text_embeds: CLIP.pooled },
  });
  const run: Session['run'] = (feeds) => {
    const { integers } = feeds[CLIP.ids] as Integers;
    const dims = [integers.length / config.positions, config.positions];
    return session.run({ [CLIP.ids]: { integers, dims } });
  };
  return { config, session: { run, close: () => session.close() } };
};

const UNET_INPUTS = ['sample', 'timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids'];

/** @throws MODEL_CONFIG_* WEIGHTS_* SESSION_CREATE */
export const openExportedUnet = async (part: ModelComponent, target: Target): Promise<Unet> => {
  const config = parseUnetConfig(part.config, part.folder);
  const { session, inputs } = await open(part.weightFiles[0], 'UNet', target, {
    inputs: Object.fromEntries(UNET_INPUTS.map((name) => [name, name])),
    outputs: { out_sample: UNET.prediction },
  });
  const timestepDims = (inputs.get('timestep') ?? []).map(() => 1);
  return {
    config,
    session,
    /* Its upsamplers double the size; those of the written UNet use the size of the skip connection. */
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
export const openExportedVae = async (part: ModelComponent, target: Target): Promise<Autoencoder> => {
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
    encoder: encoder.session,
    decoder: decoder.session,
    rowStrips: null,
  };
};

/** Names of inputs and outputs in the export, and in the written network. */
interface Names {
  inputs: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
}

interface Opened {
  /** With the names of the written network. */
  session: Session;
  inputs: OnnxModel['inputs'];
}

const open = async (file = '', name: string, target: Target, names: Names): Promise<Opened> => {
  const model = read(file, await readOnnxExport(file));
  expectNames(model, names, file, name);
  const graph = importGraph(model, { name, target, ...(await findExternalData(file, model.locations)) });
  const session = await openSession(graph);
  const run: Session['run'] = async (feeds) => {
    const inputs = Object.entries(names.inputs).map(([exported, name]) => [exported, feeds[name]] as const);
    const outputs = await session.run(Object.fromEntries(inputs) as Feeds);
    return Object.fromEntries(
      Object.entries(names.outputs).map(([exported, name]) => [name, outputs[exported] as Tensor]),
    );
  };
  return { session: { run, close: () => session.close() }, inputs: model.inputs };
};

/** Other versions and programs export different outputs: a sample of the VAE's distribution, or no hidden states. */
const expectNames = (model: OnnxModel, names: Names, file: string, name: string): void => {
  const [inputs, outputs] = [Object.keys(names.inputs), Object.keys(names.outputs)];
  const actual = [...model.inputs.keys()];
  const isKnown =
    actual.length === inputs.length &&
    inputs.every((input) => actual.includes(input)) &&
    outputs.every((output) => model.outputs.includes(output));
  if (isKnown) return;
  const message =
    `Expected the ${name} of an export by optimum-onnx 0.1 or later, with inputs ${inputs.join(', ')} and outputs ${outputs.join(', ')}; ` +
    `found inputs ${showNames(actual)} and outputs ${showNames(model.outputs)} in ${file}. ` +
    'Export the model again with it, or give the safetensors.';
  throw new RefineError('MODEL_CONFIG_UNSUPPORTED', message, { context: { file } });
};

const read = (file: string, bytes: Uint8Array): OnnxModel => {
  try {
    return parseOnnxModel(bytes);
  } catch (cause) {
    const message = `${file} is not an ONNX model: ${messageOf(cause)}. Download or export it again.`;
    throw new RefineError('WEIGHTS_HEADER_INVALID', message, { context: { file }, cause });
  }
};
