/** Ours, in a process of its own that answers as bench/peers/serve.py does. node ours.mjs <model folder> <target as JSON> <memory> */
import { createInterface } from 'node:readline';
import { plainSettings } from '../../build/test/support/settings.js';
import { loadModel } from '../../dist/diffusion/pipeline/load-model.js';
import { refine } from '../../dist/diffusion/pipeline/refine.js';
import { torchCpuNoise } from '../../dist/diffusion/random/torch-cpu.js';
import { encodePrompts } from '../../dist/diffusion/text/encode-prompt.js';
import { buildCondition, predictNoise } from '../../dist/diffusion/unet/predict-noise.js';
import { decode, encode } from '../../dist/diffusion/vae/autoencoder.js';
import { profileSessions } from './profile.mjs';

const [folder, target, memory] = process.argv.slice(2);
const PROMPTS = ['', 'a lighthouse on a cliff, oil painting'];
const [TIMESTEP, SCORE, PROFILED_CALLS] = [500, 6, 3];
let model;
let endProfile;
const running = new Map();
const made = new Map();

/** Inputs are made in the first call, which is not counted. */
const once = (key, make) => {
  if (!made.has(key)) made.set(key, make());
  return made.get(key);
};

const latentsOf = (side) =>
  once(`latents ${side}`, () => {
    const small = side / 8;
    return { data: torchCpuNoise(side).normal(4 * small * small), dims: [1, 4, small, small] };
  });

const pictureOf = (side) =>
  once(`picture ${side}`, () => {
    const count = 3 * side * side;
    return {
      data: Float32Array.from({ length: count }, (_, index) => (2 * index) / count - 1),
      dims: [1, 3, side, side],
    };
  });

/** A picture whose steps are taken one by one, so that a step is what a user waits for. */
const stepsOf = async (side) => {
  const { data, dims } = latentsOf(side);
  const settings = { ...plainSettings, prompt: PROMPTS[1], strength: 1, steps: 50, seed: 1 };
  const latents = { data, width: dims[3], height: dims[2] };
  const steps = refine(model, { input: { kind: 'latents', latents }, settings, output: 'latents', bitDepth: 8 });
  await steps.next();
  return steps;
};

const step = async (side) => {
  if (!running.has(side)) running.set(side, await stepsOf(side));
  const { done } = await running.get(side).next();
  if (done) running.delete(side);
};

/** Two rows a picture, as guidance makes them. */
const conditionOf = async (side, pictures) => {
  const rows = 2 * pictures;
  const prompts = Array.from({ length: rows }, (_, row) => PROMPTS[row % 2]);
  const { hidden, pooled } = await encodePrompts(model.textEncoders, prompts);
  return buildCondition(model.unet, hidden, pooled, Array(rows).fill([side, side, 0, 0, SCORE]));
};

const callFor = async (side, pictures) => {
  const condition = await once(`condition ${side} ${pictures}`, () => conditionOf(side, pictures));
  await predictNoise(model.unet, latentsOf(side), TIMESTEP, condition);
};

const operations = {
  async open({ profiles = false }) {
    if (profiles) endProfile = profileSessions();
    model = await loadModel(folder, { target: JSON.parse(target), memory });
  },
  text: () => encodePrompts(model.textEncoders, PROMPTS),
  unet: ({ side, pictures }) => (pictures === undefined ? step(side) : callFor(side, pictures)),
  encode: ({ side }) => encode(model.vae, pictureOf(side)),
  decode: ({ side }) => decode(model.vae, latentsOf(side)),
  /** The last of some calls of another operation, by operator. The network of it runs more often than any other. */
  async profile({ of, ...request }) {
    for (let call = 0; call < PROFILED_CALLS; call++) await operations[of](request);
    return { profile: await endProfile() };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...request } = JSON.parse(line);
  const start = performance.now();
  try {
    const { profile } = (await operations[op](request)) ?? {};
    console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, profile }));
  } catch (thrown) {
    console.log(JSON.stringify({ error: String(thrown.message ?? thrown) }));
  }
}
