/** Every refiner case of the golden data, from manifest to picture, through the command itself. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { encodeLatents } from '#src/models/weights/latents/encode-latents.js';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { caseTensors, goldenData, maxDifference, readCase } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder } from '../support/run-cli.js';

const model = goldenData('models/tiny-refiner');
const cases = readdirSync(goldenData('cases')).filter((name) => readCase(name).model === 'tiny-refiner');

/** The case's pictures as rows of a manifest: `<case>-<i>`. */
const rowsOf = (name: string, folder: string): Record<string, unknown>[] => {
  const { prompt, negative_prompt: negative, seed, image, latents_from: from, ...facts } = readCase(name);
  const at = <T>(value: T | T[], index: number): T => (Array.isArray(value) ? value[index]! : value);
  return Array.from({ length: facts.images }, (_, index) => ({
    ...(from === undefined
      ? { image: goldenData('images', `${at(image!, index)}.png`) }
      : { latents: join(folder, `${from}.safetensors`) }),
    prompt: at(prompt, index),
    ...(negative === undefined ? {} : { negative_prompt: at(negative, index) }),
    seed: at(seed, index),
    ...(facts.strength === undefined ? {} : { strength: facts.strength }),
    ...(facts.num_inference_steps === undefined ? {} : { steps: facts.num_inference_steps }),
    ...(facts.guidance_scale === undefined ? {} : { guidance_scale: facts.guidance_scale }),
    ...(facts.aesthetic_score === undefined ? {} : { aesthetic_score: facts.aesthetic_score }),
    ...(facts.negative_aesthetic_score === undefined
      ? {}
      : { negative_aesthetic_score: facts.negative_aesthetic_score }),
    ...(facts.denoising_start === undefined ? {} : { denoising_start: facts.denoising_start }),
    ...(facts.denoising_end === undefined ? {} : { denoising_end: facts.denoising_end }),
    fit: 'resize',
    id: `${name}-${index}`,
    output: `${name}-${index}.${facts.denoising_end === undefined ? 'png' : 'safetensors'}`,
  }));
};

const pixelsOf = (path: string): Promise<Buffer> => sharp(path).removeAlpha().raw().toBuffer();

describe.each([
  ['one picture at a time', []],
  ['three pictures at a time', ['--batch-size', '3']],
])('batch on the golden cases, %s', (_, options) => {
  const folder = temporaryFolder();
  const out = join(folder, 'out');
  const rows = (): Record<string, unknown>[] => cases.flatMap((name) => rowsOf(name, folder));

  beforeAll(async () => {
    const latents = (await caseTensors('ensemble-base-0.8'))('output.latents');
    const [, , height = 0, width = 0] = latents.dims;
    writeFileSync(join(folder, 'ensemble-base-0.8.safetensors'), encodeLatents({ data: latents.data, width, height }));
    const manifest = join(folder, 'manifest.jsonl');
    writeFileSync(
      manifest,
      rows()
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );
    const run = await runCli(['batch', manifest, '--model', model, '--output-dir', out, '--quiet', ...options]);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
  });

  it('runs every row with the reference’s number of steps', () => {
    const results = parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8'));
    expect(results.map(({ id, steps_run: steps }) => [id, steps])).toEqual(
      rows().map(({ id }) => [id, readCase((id as string).slice(0, -2)).unet_timesteps.length]),
    );
  });

  it.each(cases)('%s comes out as the reference’s picture', async (name) => {
    const { images, denoising_end: end } = readCase(name);
    for (let index = 0; index < images; index++) {
      if (end !== undefined) {
        const ours = await readLatents(join(out, `${name}-${index}.safetensors`));
        const golden = (await caseTensors(name))('output.latents');
        expect(maxDifference(ours.data, golden.data)).toBeLessThan(1e-4);
        continue;
      }
      const ours = await pixelsOf(join(out, `${name}-${index}.png`));
      const golden = await pixelsOf(goldenData('cases', name, `output-${index}.png`));
      expect(ours.length).toBe(golden.length);
      /* Pillow's Lanczos differs from ours by more than the pipeline: the stages of this case are compared instead. */
      if (name === 'refine-odd-size') continue;
      const differences = ours.map((value, pixel) => Math.abs(value - golden[pixel]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(2);
      expect(differences.filter((difference) => difference > 1).length / differences.length).toBeLessThanOrEqual(1e-3);
    }
  });

  it('gives a row the same picture alone as among others', async () => {
    const row = rowsOf('refine-batch-of-3', folder)[1]!;
    const alone = join(folder, 'alone');
    const run = await runCli(['batch', '-', '--model', model, '--output-dir', alone, '--quiet'], {
      input: JSON.stringify(row),
    });
    expect(run.stderr).toBe('');
    const name = row['output'] as string;
    const [one, among] = await Promise.all([alone, out].map((place) => pixelsOf(join(place, name))));
    if (options.length === 0) expect(among).toEqual(one);
    /* A batch sums in another order. */
    else expect(Math.max(...among!.map((value, index) => Math.abs(value - one![index]!)))).toBeLessThanOrEqual(1);
  });
});
