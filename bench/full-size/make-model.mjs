/**
 * Makes a refiner (6.1 GB) or a base model (6.9 GB) of exactly the published shapes with random weights, half precision,
 * diffusers' layout: the numbers of the weights change neither speed nor memory. Made once; a folder that is complete is left
 * as it is.
 *
 *   npm run build && node bench/full-size/make-model.mjs [--base] [--folder <folder>]
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CpuOperators } from '../../dist/onnx/graph/cpu/cpu-operators.js';
import { GraphBuilder } from '../../dist/onnx/graph/onnx/graph-builder.js';
import { parseClipConfig } from '../../dist/models/networks/clip-config.js';
import { writeClipTextEncoder } from '../../dist/models/networks/clip-text-encoder.js';
import { LayerScope } from '../../dist/models/networks/layer-scope.js';
import { parseUnetConfig } from '../../dist/models/networks/unet-config.js';
import { writeUnet } from '../../dist/models/networks/unet.js';
import { parseVaeConfig } from '../../dist/models/networks/vae-config.js';
import { writeVaeDecoder, writeVaeEncoder } from '../../dist/models/networks/vae.js';
import {
  BASE_MODEL_INDEX,
  BASE_PARAMETERS,
  BASE_TEXT_ENCODER,
  BASE_UNET,
  MODEL_INDEX,
  PARAMETERS,
  SCHEDULER,
  TEXT_ENCODER,
  UNET,
  VAE,
} from './configurations.mjs';
import { writeRandomTensors } from './random-tensors.mjs';

const TOKENIZER = fileURLToPath(new URL('../../models/clip-tokenizer', import.meta.url));

/** Where the model is kept between runs. */
export const defaultFolder = (kind = 'refiner') =>
  join(
    process.env['SDXL_REFINE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sdxl-refine'),
    MODELS[kind].folder,
  );

/** @param kind refiner or base @param tell called with a line for people @returns the folder */
export const makeModel = async (kind = 'refiner', folder = defaultFolder(kind), tell = () => undefined) => {
  const { index: modelIndex, mark, parts, parameters, tokenizers } = MODELS[kind];
  const index = join(folder, 'model_index.json');
  const known = await readFile(index, 'utf8').catch(() => '');
  if (known.includes(mark)) return folder;
  if (known !== '') throw new Error(`${folder} holds another model; give an empty folder with --folder.`);
  await writeJson(join(folder, 'scheduler'), 'scheduler_config.json', SCHEDULER);
  for (const [seed, { name, config, file, writers }] of parts.entries()) {
    tell(`Writing ${name}: ${(parameters[name] / 1e6).toFixed(0)} million random numbers …`);
    await writeJson(join(folder, name), 'config.json', config);
    const count = await writeRandomTensors(join(folder, name, file), shapesOf(writers, config), seed + 1);
    if (count !== parameters[name]) throw new Error(`${name} has ${count} parameters, published: ${parameters[name]}`);
  }
  for (const tokenizer of tokenizers) {
    const filter = (path) => !path.endsWith('SHA256SUMS');
    await cp(TOKENIZER, join(folder, tokenizer), { recursive: true, filter });
  }
  await writeJson(folder, 'model_index.json', { ...modelIndex, _made_by: mark });
  return folder;
};

const unet = (config, variant = '') => ({
  name: 'unet',
  config,
  file: `diffusion_pytorch_model${variant}.safetensors`,
  writers: [(scope) => writeUnet(scope, parseUnetConfig(config, 'unet'))],
});
const textEncoder = (name, config, variant = '') => ({
  name,
  config,
  file: `model${variant}.safetensors`,
  writers: [(scope) => writeClipTextEncoder(scope, parseClipConfig(config, name))],
});
const vae = (config, variant = '') => ({
  name: 'vae',
  config,
  file: `diffusion_pytorch_model${variant}.safetensors`,
  writers: [writeVaeEncoder, writeVaeDecoder].map((write) => (scope) => write(scope, parseVaeConfig(config, 'vae'))),
});

/** `mark`: in the index file, which is written last; what stands there without it was interrupted. */
const MODELS = {
  refiner: {
    folder: 'bench-full-size',
    mark: 'sdxl-refine bench, random weights, 1',
    index: MODEL_INDEX,
    parameters: PARAMETERS,
    parts: [unet(UNET, '.fp16'), textEncoder('text_encoder_2', TEXT_ENCODER, '.fp16'), vae(VAE, '.fp16')],
    tokenizers: ['tokenizer_2'],
  },
  /* stable-diffusion.cpp finds the files by these names alone. */
  base: {
    folder: 'bench-full-size-base',
    mark: 'sdxl-refine bench, random weights, base, 1',
    index: BASE_MODEL_INDEX,
    parameters: BASE_PARAMETERS,
    parts: [
      unet(BASE_UNET),
      textEncoder('text_encoder_2', TEXT_ENCODER),
      vae(VAE),
      textEncoder('text_encoder', BASE_TEXT_ENCODER),
    ],
    tokenizers: ['tokenizer', 'tokenizer_2'],
  },
};

/** Names and shapes of the tensors of a network's file: those that ours asks for. It is asked what older files name otherwise: those are not there. */
const shapesOf = (writers, config) => {
  const shapes = new Map();
  const recorder = {
    has: (name) => !name.endsWith('.query.weight'),
    require: (name, shape) => {
      shapes.set(name, shape);
      const byteLength = 2 * shape.reduce((product, dim) => product * dim, 1);
      return { file: '/', offset: 0, byteLength, dtype: 'F16', shape };
    },
  };
  for (const write of writers) write(new LayerScope(new CpuOperators(new GraphBuilder()), recorder));
  if (config.architectures?.[0] === 'CLIPTextModel') addLastLayer(shapes, config);
  return shapes;
};

/** Of the base model's first text encoder, which ends one layer earlier for ours; others load it. */
const addLastLayer = (shapes, { num_hidden_layers: layers, hidden_size: width }) => {
  const prefixOf = (layer) => `text_model.encoder.layers.${layer}.`;
  const before = [...shapes].filter(([name]) => name.startsWith(prefixOf(layers - 2)));
  for (const [name, shape] of before) shapes.set(name.replace(prefixOf(layers - 2), prefixOf(layers - 1)), shape);
  for (const part of ['weight', 'bias']) shapes.set(`text_model.final_layer_norm.${part}`, [width]);
};

const writeJson = async (folder, name, value) => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { folder: { type: 'string' }, base: { type: 'boolean', default: false } } });
  console.log(await makeModel(values.base ? 'base' : 'refiner', values.folder, console.error));
}
