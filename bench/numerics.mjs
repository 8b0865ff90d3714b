/**
 * How far each stage is from the reference, from its recorded inputs: the measured column of docs/numerics.md.
 *
 *   npm run build && node bench/numerics.mjs
 */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VAE_DECODER } from '../dist/models/networks/vae.js';
import { loadModel } from '../dist/diffusion/pipeline/load-model.js';
import { encodePrompts } from '../dist/diffusion/text/encode-prompt.js';
import { sliceBatch } from '../dist/tensor/tensor.js';
import { buildCondition, predictNoise } from '../dist/diffusion/unet/predict-noise.js';
import { encode } from '../dist/diffusion/vae/autoencoder.js';
import { torchCpuNoise } from '../dist/diffusion/random/torch-cpu.js';
import { openSafetensors } from '../dist/models/weights/safetensors/open-safetensors.js';
import { readTensorF32 } from '../dist/models/weights/safetensors/read-tensor.js';
import { makeTestModels } from '../scripts/make-test-models.mjs';

makeTestModels();
const data = fileURLToPath(new URL('../test/golden/data/', import.meta.url));
const readTensors = async (path) => {
  const { file, tensors } = await openSafetensors(path);
  const read = async ([name, entry]) => [name, { data: await readTensorF32({ ...entry, file }), dims: entry.shape }];
  return Object.fromEntries(await Promise.all([...tensors].map(read)));
};
const difference = (a, b) => a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index])), 0);
const rowsOf = ({ data: numbers, dims }) =>
  Array.from({ length: dims[0] }, (_, row) => [...numbers.subarray(row * dims[1], (row + 1) * dims[1])]);

const models = {};
const worst = {};
const note = (stage, name, value) => {
  if (value > (worst[stage]?.value ?? -1)) worst[stage] = { value, name };
};

for (const name of readdirSync(`${data}cases`)) {
  const facts = JSON.parse(readFileSync(`${data}cases/${name}/case.json`, 'utf8'));
  const golden = await readTensors(`${data}cases/${name}/tensors.safetensors`);
  const model = (models[facts.model] ??= await loadModel(`${data}models/${facts.model}`));
  const prompts = [facts.prompt].flat();
  const text = await encodePrompts(model.textEncoders, prompts);
  const end = golden['unet0.text_embeds'].dims[0];
  const last = (key) => sliceBatch(golden[key], end - prompts.length, end).data;
  note('hidden states', name, difference(text.hidden.data, last('unet0.encoder_hidden_states')));
  note('pooled embedding', name, difference(text.pooled.data, last('unet0.text_embeds')));
  const timeIds = rowsOf(golden['unet0.time_ids']);
  for (let row = 0; row < end; row++) {
    const of = (key) => sliceBatch(golden[`unet0.${key}`], row, row + 1);
    const condition = buildCondition(model.unet, of('encoder_hidden_states'), of('text_embeds'), [timeIds[row]]);
    const prediction = await predictNoise(model.unet, of('sample'), golden['unet0.timestep'].data[0], condition);
    note('UNet', name, difference(prediction.data, of('noise_pred').data));
  }
  if (golden['vae.encode.input']) {
    const { mean, logVariance } = await encode(model.vae, golden['vae.encode.input']);
    const largest = Math.max(
      difference(mean.data, golden['vae.encode.mean'].data),
      difference(logVariance.data, golden['vae.encode.logvar'].data),
    );
    note(name === 'refine-no-guidance' ? 'VAE moments (refine-no-guidance)' : 'VAE moments', name, largest);
  }
  if (golden['vae.decode.input']) {
    const outputs = await model.vae.decoder.run({ [VAE_DECODER.latents]: golden['vae.decode.input'] });
    note('VAE decoder', name, difference(outputs[VAE_DECODER.picture].data, golden['vae.decode.output'].data));
  }
}

const random = await readTensors(`${data}random/torch-cpu-randn.safetensors`);
for (const [key, tensor] of Object.entries(random).filter(([key]) => key.endsWith('.first'))) {
  const [, seed, count] = /seed-(\d+)\.n-(\d+)/.exec(key);
  const ours = torchCpuNoise(Number(seed)).normal(Number(count));
  const unequal = ours.filter((value, index) => value !== tensor.data[index]).length;
  note('torch.randn', key, difference(ours, tensor.data));
  note('torch.randn, share not equal bit for bit', key, unequal / ours.length);
}
for (const [stage, { value, name }] of Object.entries(worst))
  console.log(`${stage.padEnd(42)} ${value.toExponential(1)}  ${name}`);
