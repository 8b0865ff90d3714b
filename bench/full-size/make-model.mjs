/**
 * Makes a refiner of exactly the published shapes with random weights (6.1 GB, half precision, diffusers' layout): the
 * numbers of the weights change neither speed nor memory. Made once; a folder that is complete is left as it is.
 *
 *   npm run build && node bench/full-size/make-model.mjs [--folder <folder>]
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
import { MODEL_INDEX, PARAMETERS, SCHEDULER, TEXT_ENCODER, UNET, VAE } from './configurations.mjs';
import { writeRandomTensors } from './random-tensors.mjs';

const TOKENIZER = fileURLToPath(new URL('../../models/clip-tokenizer', import.meta.url));
/** In the index file, which is written last: what stands there without it was interrupted. */
const MARK = 'sdxl-refine bench, random weights, 1';

/** Where the model is kept between runs. */
export const defaultFolder = () =>
  join(
    process.env['SDXL_REFINE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sdxl-refine'),
    'bench-full-size',
  );

/** @param tell called with a line for people @returns the folder */
export const makeModel = async (folder = defaultFolder(), tell = () => undefined) => {
  const index = join(folder, 'model_index.json');
  const known = await readFile(index, 'utf8').catch(() => '');
  if (known.includes(MARK)) return folder;
  if (known !== '') throw new Error(`${folder} holds another model; give an empty folder with --folder.`);
  await writeJson(join(folder, 'scheduler'), 'scheduler_config.json', SCHEDULER);
  for (const [seed, { name, config, file, writers }] of PARTS.entries()) {
    tell(`Writing ${name}: ${(PARAMETERS[name] / 1e6).toFixed(0)} million random numbers …`);
    await writeJson(join(folder, name), 'config.json', config);
    const count = await writeRandomTensors(join(folder, name, file), shapesOf(writers), seed + 1);
    if (count !== PARAMETERS[name]) throw new Error(`${name} has ${count} parameters, published: ${PARAMETERS[name]}`);
  }
  await cp(TOKENIZER, join(folder, 'tokenizer_2'), {
    recursive: true,
    filter: (path) => !path.endsWith('SHA256SUMS'),
  });
  await writeJson(folder, 'model_index.json', { ...MODEL_INDEX, _made_by: MARK });
  return folder;
};

const PARTS = [
  {
    name: 'unet',
    config: UNET,
    file: 'diffusion_pytorch_model.fp16.safetensors',
    writers: [(scope) => writeUnet(scope, parseUnetConfig(UNET, 'unet'))],
  },
  {
    name: 'text_encoder_2',
    config: TEXT_ENCODER,
    file: 'model.fp16.safetensors',
    writers: [(scope) => writeClipTextEncoder(scope, parseClipConfig(TEXT_ENCODER, 'text_encoder_2'))],
  },
  {
    name: 'vae',
    config: VAE,
    file: 'diffusion_pytorch_model.fp16.safetensors',
    writers: [writeVaeEncoder, writeVaeDecoder].map((write) => (scope) => write(scope, parseVaeConfig(VAE, 'vae'))),
  },
];

/** Names and shapes of the tensors a network asks for. It is asked what older files name otherwise: those are not there. */
const shapesOf = (writers) => {
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
  return shapes;
};

const writeJson = async (folder, name, value) => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { folder: { type: 'string' } } });
  console.log(await makeModel(values.folder, console.error));
}
