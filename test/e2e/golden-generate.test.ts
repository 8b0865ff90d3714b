/** Every case of the golden data with a base model, from prompt to picture, through the command itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { readResults, workFolder, writeRows } from '../support/batch.js';
import { caseTensors, goldenData, maxDifference, readCase } from '../support/golden.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const models = ['--base', goldenData('models/tiny-base'), '--model', goldenData('models/tiny-refiner')];

/** The row that a case is, at the defaults of diffusers' pipeline where the case is silent. */
const rowOf = (name: string): Record<string, unknown> => {
  const { prompt, negative_prompt, seed, num_inference_steps, guidance_scale, width, height } = readCase(name);
  const row = { prompt, negative_prompt, seed, num_inference_steps, guidance_scale, width, height };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
};

const generate = async (name: string, row: object, ...flags: string[]): Promise<string> => {
  const out = join(folder, name);
  const manifest = writeRows(join(folder, `${name}.jsonl`), [row]);
  const run = await runCli(['generate', manifest, ...models, '--output-dir', out, '--quiet', ...flags]);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  return out;
};

const pixelsOf = (path: string): Promise<Buffer> => sharp(path).removeAlpha().raw().toBuffer();

const expectPicture = async (path: string, golden: string): Promise<void> => {
  const [ours, theirs] = [await pixelsOf(path), await pixelsOf(golden)];
  expect(ours.length).toBe(theirs.length);
  const differences = ours.map((value, pixel) => Math.abs(value - theirs[pixel]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(2);
  expect(differences.filter((difference) => difference > 1).length / differences.length).toBeLessThanOrEqual(1e-3);
};

it.each(['base-text-to-image', 'base-empty-negative'])('%s comes out as the reference’s picture', async (name) => {
  const out = await generate(name, { ...rowOf(name), output: 'a.png' }, '--mode', 'base');
  await expectPicture(join(out, 'a.png'), goldenData('cases', name, 'output-0.png'));
  expect(readResults(out)[0]!.steps_run).toBe(readCase(name).unet_timesteps.length);
});

it('the ensemble hands the reference’s latents on, and ends with its picture', async () => {
  const [base, refiner] = ['ensemble-base-0.8', 'ensemble-refiner-0.8'];
  const row = { ...rowOf(base), refiner_seed: readCase(refiner).seed, handoff: 0.8, output: 'a.png' };
  const out = await generate('ensemble', row, '--mode', 'ensemble', '--save-latents');
  const latents = await readLatents(join(out, 'a.png.latents.safetensors'));
  const golden = (await caseTensors(base))('output.latents');
  expect(maxDifference(latents.data, golden.data)).toBeLessThan(1e-4);
  await expectPicture(join(out, 'a.png'), goldenData('cases', refiner, 'output-0.png'));
  const steps = [base, refiner].map((name) => readCase(name).unet_timesteps.length);
  expect(readResults(out)).toMatchObject([
    { mode: 'ensemble', handoff: 0.8, base_model: goldenData('models/tiny-base'), steps_run: steps[0]! + steps[1]! },
  ]);
});

it.each(['latents', 'picture'])(
  'two stages with %s between them come out as the reference’s picture',
  async (input) => {
    const row = JSON.parse(readFileSync(goldenData('two-stage', 'case.json'), 'utf8')) as Record<string, unknown>;
    const flags = ['--mode', 'two-stage', '--stage-input', input];
    const out = await generate(`two-stage-${input}`, { ...row, output: 'a.png' }, ...flags);
    await expectPicture(join(out, 'a.png'), goldenData('two-stage', `output-${input}.png`));
    expect(readResults(out)).toMatchObject([{ mode: 'two-stage', handoff: null, strength: 0.5, steps_run: 6 + 3 }]);
  },
);
