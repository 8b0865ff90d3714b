/** The bench's options. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BASE_MEASURES, CPU_MEASURES, GPU_MEASURES, MEASURES, QUICK_MEASURES } from './measures.mjs';

const near = (path) => fileURLToPath(new URL(path, import.meta.url));
const text = (value) => ({ type: 'string', default: value });

const CPU = { only: CPU_MEASURES, ways: 'fp32,int8', peers: 'diffusers,torch-compile,openvino,optimum-onnx' };
/** The refiner's shapes are unknown to stable-diffusion.cpp. */
const BASE = { only: BASE_MEASURES, ways: 'fp32,int8,int8-fast', peers: 'diffusers-bf16,stable-diffusion.cpp' };
const GPU = { only: GPU_MEASURES, ways: 'cuda-fp16,cuda-fp32,webgpu-fp16', peers: 'diffusers-cuda,torch-compile-cuda' };
const PROFILED = ['unet-512', 'unet-1024'];
const OPTIMUM = 'optimum-onnx';

/** @returns what is measured: { only, ways, peers: [{ name, python }], runs, … }; lists are lists */
export const readOptions = () => {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      gpu: { type: 'boolean', default: false },
      /** A base model instead of a refiner: its UNet and VAE. */
      base: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      /** All peers take turns with ours in one block. */
      together: { type: 'boolean', default: false },
      /** A file for the report so far, written again after each figure. */
      report: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      ways: { type: 'string' },
      runs: text('3'),
      'batch-runs': text('1'),
      /** Of a whole run. */
      pictures: text('3'),
      /** A refiner to take instead of the one with random weights. */
      model: { type: 'string' },
      /** Where the one with random weights is, or will be made. */
      folder: { type: 'string' },
      work: { type: 'string' },
      python: text(near('../peers/.venv/bin/python')),
      'python-optimum': text(near('../peers/.venv-optimum/bin/python')),
    },
  });
  const usual = values.base ? BASE : values.gpu ? GPU : CPU;
  const measures = values.profile ? PROFILED : values.quick ? QUICK_MEASURES : usual.only;
  const namesOf = (list) => list.split(',').filter((name) => name !== '');
  const pythonOf = (name) => (name === OPTIMUM ? values['python-optimum'] : values.python);
  const only = values.only === undefined ? measures : namesOf(values.only);
  const unknown = only.find((name) => !MEASURES.has(name));
  if (unknown !== undefined) throw new Error(`Expected --only to name ${[...MEASURES].join(', ')}, got "${unknown}".`);
  const other = values.base ? only.find((name) => !BASE_MEASURES.includes(name)) : undefined;
  if (other !== undefined) {
    throw new Error(`Expected --only to name ${BASE_MEASURES.join(', ')} with --base, got "${other}".`);
  }
  return {
    ...values,
    only,
    ways: namesOf(values.ways ?? usual.ways),
    peers: values.profile ? [] : namesOf(values.peers ?? usual.peers).map((name) => ({ name, python: pythonOf(name) })),
    runs: Number(values.runs),
    batchRuns: Number(values['batch-runs']),
  };
};
