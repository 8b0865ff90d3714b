/** LoRAs in requests: those of the operator's folder and no others, and seeds that are drawn. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { goodRow, model, picture, workFolder } from '../support/batch.js';
import { makeChanges, writeLora } from '../support/lora.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const loras = join(folder, 'loras');

it('applies what the operator’s folder has', async () => {
  mkdirSync(loras);
  for (const [name, of] of [
    ['ink', 'small-refiner'],
    ['of-base', 'tiny-base'],
  ] as const) {
    const changes = await makeChanges({ model: of, parts: ['unet'], convolutions: false, dora: false, seed: 1 });
    writeLora(join(loras, `${name}.safetensors`), changes, 'kohya');
  }
  writeLora(
    join(folder, 'secret.safetensors'),
    await makeChanges({ model: 'small-refiner', parts: ['unet'], convolutions: false, dora: false, seed: 2 }),
    'kohya',
  );
  const { image: _, ...settings } = goodRow;
  const image = readFileSync(picture('square-64')).toString('base64');
  const data = ['', ' <lora:ink:0.5>', ' <lora:of-base:1>', ' <lora:../secret:1>', ` <lora:${folder}/secret:1>`].map(
    (tag) => [image, settings.prompt + tag],
  );
  const request = (rows: unknown[][], params: object): string =>
    JSON.stringify({ input_data: { columns: ['image', 'prompt'], data: rows }, params: { ...settings, ...params } });
  const score = async (input: string, ...args: string[]): Promise<string[]> => {
    const run = await runCli(['score', '-', '--model', model, ...args], { input });
    expect(run).toMatchObject({ code: 0 });
    if (args.includes('--lora-dir')) {
      expect(run.stderr).toMatch(/LoRA of-base is ignored: .*made for/);
      expect(run.stderr).toMatch(
        /row 2: Removed <lora:of-base:1> from the prompt without applying it.*: it does not fit the model\./,
      );
    }
    return (JSON.parse(run.stdout) as { generated_image: string }[]).map(({ generated_image }) => generated_image);
  };
  const pixelsOf = async (base64: string): Promise<string> =>
    (await sharp(Buffer.from(base64, 'base64')).removeAlpha().raw().toBuffer()).toString('base64');
  const parametersOf = async (base64: string): Promise<string> => {
    const { comments = [] } = await sharp(Buffer.from(base64, 'base64')).metadata();
    return comments.find(({ keyword }) => keyword === 'parameters')?.text ?? '';
  };
  const { prompt: _prompt, ...rest } = settings;
  const input = request(data, { ...rest, prompt: undefined, prompt_syntax: 'a1111' });
  const answers = await score(input, '--lora-dir', loras);
  const [plain, ink, ...others] = await Promise.all(answers.map(pixelsOf));
  expect(ink).not.toBe(plain);
  for (const other of others) expect(other).toBe(plain);
  expect(await parametersOf(answers[1]!)).toContain('<lora:ink:0.5>\n');
  for (const answer of [answers[0]!, ...answers.slice(2)]) expect(await parametersOf(answer)).not.toContain('<lora');
  /* Without the operator's word there is none. */
  const [one, two] = await Promise.all(
    (await score(request(data.slice(0, 2), { ...rest, prompt_syntax: 'a1111' }))).map(pixelsOf),
  );
  expect(two).toBe(one);
  /* -1 draws, and the picture has the number. */
  const drawn = await score(request(data.slice(0, 1).concat(data.slice(0, 1)), { ...rest, seed: -1 }));
  const seeds = (await Promise.all(drawn.map(parametersOf))).map((text) => /Refine seed: (\d+)/.exec(text)?.[1]);
  expect(new Set(seeds).size).toBe(2);
  expect(seeds).not.toContain(undefined);
}, 240_000);
