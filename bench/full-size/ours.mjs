/** Ours, in a process of its own that answers as bench/peers/serve.py does. node ours.mjs <model folder> <precision> <memory> */
import { createInterface } from 'node:readline';
import { plainSettings } from '../../build/test/support/settings.js';
import { CPU } from '../../dist/onnx/graph/operators/target.js';
import { loadModel } from '../../dist/diffusion/pipeline/load-model.js';
import { refine } from '../../dist/diffusion/pipeline/refine.js';
import { torchCpuNoise } from '../../dist/diffusion/random/torch-cpu.js';
import { encodePrompts } from '../../dist/diffusion/text/encode-prompt.js';
import { decode, encode } from '../../dist/diffusion/vae/autoencoder.js';

const [folder, precision, memory] = process.argv.slice(2);
const PROMPTS = ['', 'a lighthouse on a cliff, oil painting'];
let model;
const running = new Map();

const latentsOf = (side) => {
  const small = side / 8;
  return { data: torchCpuNoise(side).normal(4 * small * small), dims: [1, 4, small, small] };
};

/** A picture whose steps are taken one by one, so that a step is what a user waits for. */
const stepsOf = async (side) => {
  const { data, dims } = latentsOf(side);
  const settings = { ...plainSettings, prompt: PROMPTS[1], strength: 1, steps: 50, seed: 1 };
  const latents = { data, width: dims[3], height: dims[2] };
  const steps = refine(model, { input: { kind: 'latents', latents }, settings, output: 'latents', bitDepth: 8 });
  await steps.next();
  return steps;
};

const operations = {
  async open() {
    model = await loadModel(folder, { target: { ...CPU, precision }, memory });
  },
  text: () => encodePrompts(model.textEncoders, PROMPTS),
  async unet({ side }) {
    if (!running.has(side)) running.set(side, await stepsOf(side));
    const { done } = await running.get(side).next();
    if (done) running.delete(side);
  },
  encode: ({ side }) => {
    const data = Float32Array.from({ length: 3 * side * side }, (_, index) => (2 * index) / (3 * side * side) - 1);
    return encode(model.vae, { data, dims: [1, 3, side, side] });
  },
  decode: ({ side }) => decode(model.vae, latentsOf(side)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...request } = JSON.parse(line);
  const start = performance.now();
  try {
    await operations[op](request);
    console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000 }));
  } catch (thrown) {
    console.log(JSON.stringify({ error: String(thrown.message ?? thrown) }));
  }
}
