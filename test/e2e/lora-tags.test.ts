/** LoRAs that prompts name: found in a folder, applied, recorded, and left out where they are none of the model's. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { goodRow, model, picture, readPixels, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { goldenData } from '../support/golden.js';
import { makeChanges, writeLora } from '../support/lora.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const loras = join(folder, 'loras');
const pixels = async (out: string, name: string): Promise<Buffer> => (await readPixels(join(folder, out, name))).data;

beforeAll(async () => {
  mkdirSync(join(loras, 'styles'), { recursive: true });
  const write = async (path: string, model: string, seed: number): Promise<void> => {
    const parts = ['unet', model === 'tiny-base' ? 'text_encoder' : 'text_encoder_2'] as const;
    const changes = await makeChanges({ model, parts, convolutions: false, dora: false, seed });
    writeLora(join(loras, path), changes, 'kohya');
  };
  await write('ink.safetensors', 'small-refiner', 1);
  await write('styles/mist.safetensors', 'small-refiner', 2);
  await write('of-base.safetensors', 'tiny-base', 3);
});

it('applies tags as --lora and lora_weights do, and records what was applied', async () => {
  const { prompt } = goodRow;
  const rows = [
    { ...goodRow, output: 'plain.png' },
    { ...goodRow, prompt: `${prompt} <lora:ink:0.6>`, prompt_syntax: 'a1111', output: 'tag.png' },
    {
      ...goodRow,
      prompt: `${prompt} <lora:mist:0:0.5><lora:of-base:1>, <lora:none:1>`,
      prompt_syntax: 'comfy',
      output: 'two.png',
    },
    { ...goodRow, lora_weights: { ink: 0.6 }, prompt_syntax: 'a1111', output: 'key.png' },
  ];
  const manifest = writeRows(join(folder, 'rows.jsonl'), rows);
  const args = ['--output-dir', join(folder, 'out'), '--lora-dir', loras];
  const run = await runBatch([manifest, ...args]);
  expect(run).toMatchObject({ code: 0 });
  expect(run.stderr).toMatch(/Removed <lora:of-base:1> from the prompt without applying it: .*made for/);
  expect(run.stderr).toMatch(/Removed <lora:none:1> from the prompt without applying it: --lora-dir has no such file/);
  const results = readResults(join(folder, 'out'));
  expect(results.map(({ loras: weights, prompt: text, warnings = [] }) => [weights, text, warnings.length])).toEqual([
    [undefined, prompt, 0],
    [{ ink: 0.6 }, prompt, 0],
    [{ mist: { text_encoder: 0.5, unet: 0 } }, `${prompt},`, 2],
    [{ ink: 0.6 }, prompt, 0],
  ]);
  const parametersOf = async (name: string): Promise<string> => {
    const { comments = [] } = await sharp(join(folder, 'out', name)).metadata();
    return comments.find(({ keyword }) => keyword === 'parameters')?.text ?? '';
  };
  expect(await parametersOf('tag.png')).toContain(`${prompt} <lora:ink:0.6>\n`);
  expect(await parametersOf('two.png')).toContain(`${prompt}, <lora:mist:0.5:0>\n`);
  expect(await parametersOf('plain.png')).not.toContain('<lora');

  /* The same pictures as with the files named, and without any. */
  const others = writeRows(join(folder, 'named.jsonl'), [
    { ...goodRow, output: 'plain.png', lora_weights: { ink: 0, mist: 0 } },
    { ...goodRow, prompt_syntax: 'a1111', lora_weights: { mist: 0 }, output: 'tag.png' },
    {
      ...goodRow,
      prompt: `${prompt},`,
      prompt_syntax: 'comfy',
      lora_weights: { ink: 0, mist: { text_encoder: 0.5, unet: 0 } },
      output: 'two.png',
    },
  ]);
  const named = ['--lora', `${join(loras, 'ink.safetensors')}:0.6`, '--lora', join(loras, 'styles/mist.safetensors')];
  expect(await runBatch([others, '--output-dir', join(folder, 'named'), ...named])).toMatchObject({ code: 0 });
  for (const name of ['plain.png', 'tag.png', 'two.png']) {
    expect((await pixels('out', name)).equals(await pixels('named', name))).toBe(true);
  }
  expect((await pixels('out', 'tag.png')).equals(await pixels('out', 'key.png'))).toBe(true);
  expect((await pixels('out', 'tag.png')).equals(await pixels('out', 'plain.png'))).toBe(false);
  expect((await pixels('out', 'two.png')).equals(await pixels('out', 'plain.png'))).toBe(false);
}, 240_000);

it('does only those rows again whose LoRA is another', async () => {
  const row = { ...goodRow, prompt_syntax: 'a1111' };
  const rows = [
    { ...row, output: '0.png' },
    { ...row, prompt: '<lora:ink:1>', output: '1.png' },
  ];
  const args = ['--output-dir', join(folder, 'resumed'), '--lora-dir', loras];
  const first = writeRows(join(folder, 'first.jsonl'), rows);
  expect(await runBatch([first, ...args])).toMatchObject({ code: 0 });
  const changes = await makeChanges({
    model: 'small-refiner',
    parts: ['unet'],
    convolutions: false,
    dora: false,
    seed: 9,
  });
  writeLora(join(loras, 'ink.safetensors'), changes, 'kohya');
  const run = await runBatch([first, ...args, '--resume']);
  expect(run).toMatchObject({ code: 0 });
  expect(run.stderr).toContain('1 already done');
});

it('with --limit, opens only the LoRAs that the first rows name', async () => {
  const rows = [
    { ...goodRow, prompt: '<lora:ink:1>', prompt_syntax: 'a1111' },
    { ...goodRow, prompt: '<lora:of-base:1>', prompt_syntax: 'a1111' },
  ];
  const manifest = writeRows(join(folder, 'part.jsonl'), rows);
  const run = await runBatch([manifest, '--output-dir', join(folder, 'part'), '--lora-dir', loras, '--limit', '1']);
  expect(run).toMatchObject({ code: 0 });
  expect(readResults(join(folder, 'part'))).toMatchObject([{ loras: { ink: 1 } }]);
  expect(await runBatch([manifest, '--lora-dir', join(folder, 'nowhere')])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Expected --lora-dir to be a folder of LoRAs') as string,
  });
});

describe('of generate', () => {
  /** @returns what it says on standard error */
  const generate = async (prompt: string, out: string, ...more: string[]): Promise<string> => {
    const settings = '--prompt-syntax a1111 --steps 2 --seed 1 --width 64 --height 64'.split(' ');
    const base = ['--base', goldenData('models/tiny-base'), '--output-dir', join(folder, out)];
    const run = await runCli(['generate', '--prompt', prompt, ...settings, ...base, ...more]);
    expect(run).toMatchObject({ code: 0 });
    return run.stderr;
  };
  const tags = ' <lora:of-base:0.5> <lora:mist:1>';

  it('base model and refiner each get what fits them', async () => {
    const said = await generate(`a fox${tags}`, 'both', '--model', model, '--lora-dir', loras);
    expect(said).not.toContain('Removed <');
    expect(readResults(join(folder, 'both'))).toMatchObject([{ prompt: 'a fox', loras: { 'of-base': 0.5, mist: 1 } }]);
    const files = [
      '--base-lora',
      `${join(loras, 'of-base.safetensors')}:0.5`,
      '--lora',
      join(loras, 'styles/mist.safetensors'),
    ];
    await generate('a fox', 'by-file', '--model', model, ...files);
    expect((await pixels('both', 'a-fox.png')).equals(await pixels('by-file', 'a-fox.png'))).toBe(true);
  }, 240_000);

  it('the base model alone gets what fits it', async () => {
    const said = await generate(`a fox${tags}`, 'base', '--mode', 'base', '--lora-dir', loras);
    expect(said).toMatch(/Removed <lora:mist:1> .*made for/);
    expect(readResults(join(folder, 'base'))).toMatchObject([{ loras: { 'of-base': 0.5 } }]);
  }, 240_000);
});

it('says of a single picture what was applied, and what does not fit', async () => {
  const args = [picture('square-64'), '-p', 'a fox <lora:ink:0.5> <lora:of-base:1>', '--prompt-syntax', 'a1111'];
  const settings = ['--steps', '2', '--strength', '0.5', '--model', model, '-o', join(folder, 'fox.png'), '--json'];
  const run = await runCli([...args, ...settings, '--lora-dir', loras]);
  expect(run).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/Removed <lora:of-base:1> .*made for/) as string,
  });
  expect(JSON.parse(run.stdout)).toMatchObject({
    prompt: 'a fox',
    loras: { ink: 0.5 },
    warnings: [expect.any(String)],
  });
  expect((JSON.parse(run.stdout) as { loras: object }).loras).not.toHaveProperty('of-base');
});
