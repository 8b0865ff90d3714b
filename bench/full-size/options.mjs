/** The bench's options. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CPU_MEASURES, GPU_MEASURES, MEASURES, QUICK_MEASURES } from './measures.mjs';

const near = (path) => fileURLToPath(new URL(path, import.meta.url));
const text = (value) => ({ type: 'string', default: value });

const CPU = { only: CPU_MEASURES, ways: 'fp32,int8', peers: 'diffusers,torch-compile,openvino,optimum-onnx' };
const GPU = { only: GPU_MEASURES, ways: 'cuda-fp16,cuda-fp32,webgpu-fp16', peers: 'diffusers-cuda,torch-compile-cuda' };
const PROFILED = ['unet-512', 'unet-1024'];
const OPTIMUM = 'optimum-onnx';

/** @returns what is measured: { only, ways, peers: [{ name, python }], runs, … }; lists are lists */
export const readOptions = () => {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      gpu: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
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
  const usual = values.gpu ? GPU : CPU;
  const measures = values.profile ? PROFILED : values.quick ? QUICK_MEASURES : usual.only;
  const namesOf = (list) => list.split(',').filter((name) => name !== '');
  const pythonOf = (name) => (name === OPTIMUM ? values['python-optimum'] : values.python);
  const only = values.only === undefined ? measures : namesOf(values.only);
  const unknown = only.find((name) => !MEASURES.has(name));
  if (unknown !== undefined) throw new Error(`Expected --only to name ${[...MEASURES].join(', ')}, got "${unknown}".`);
  return {
    ...values,
    only,
    ways: namesOf(values.ways ?? usual.ways),
    peers: values.profile ? [] : namesOf(values.peers ?? usual.peers).map((name) => ({ name, python: pythonOf(name) })),
    runs: Number(values.runs),
    batchRuns: Number(values['batch-runs']),
  };
};
