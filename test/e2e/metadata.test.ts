/** What made a picture is in it, and what made its source stays. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { writePngText } from '#src/media/metadata/write-png-text.js';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder } from '../support/run-cli.js';

const model = goldenData('models/small-refiner');
const GRAPH = '{"3":{"class_type":"KSampler","inputs":{}}}';
const PARAMETERS =
  'a red fox in snow\nNegative prompt: blurry\nSteps: 30, Sampler: Euler, CFG scale: 6.5, Seed: 123456789, Size: 64x64, Model: base';

describe('metadata', () => {
  const folder = temporaryFolder();
  const out = join(folder, 'out');
  const textOf = async (name: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      ((await sharp(join(out, name)).metadata()).comments ?? []).map(({ keyword, text }) => [keyword, text]),
    );

  beforeAll(async () => {
    const plain = readFileSync(goldenData('images/square-64.png'));
    copyFileSync(goldenData('images/square-64.png'), join(folder, 'plain.png'));
    const entries = [
      { keyword: 'parameters', text: PARAMETERS },
      { keyword: 'workflow', text: GRAPH },
    ];
    writeFileSync(join(folder, 'fox.png'), writePngText(plain, entries));
    const settings = { strength: 0.5, steps: 2, seed: 7 };
    const rows = [
      { image: 'plain.png', prompt: '山の朝, café', negative_prompt: 'x: "y"', ...settings },
      { image: 'fox.png', ...settings },
      { image: 'plain.png', prompt: 'a jpeg', output: 'plain.jpg', ...settings },
    ];
    writeFileSync(join(folder, 'm.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    const run = await runCli(['batch', join(folder, 'm.jsonl'), '--model', model, '--output-dir', out]);
    expect(run.code).toBe(0);
  });

  it('says what made a picture, as other programs read it and whole as our own', async () => {
    const facts = readGenerationMetadata(readFileSync(join(out, 'plain.png')));
    expect(facts).toMatchObject({
      program: 'sdxl-refine',
      prompt: '山の朝, café',
      negativePrompt: 'x: "y"',
      seed: 7,
      steps: 2,
    });
    const { parameters, 'sdxl-refine': own } = await textOf('plain.png');
    expect(parameters).toMatch(/^山の朝, café\nNegative prompt: x: "y"\nSteps: 2, Sampler: Euler, /);
    expect(JSON.parse(own!)).toMatchObject({ settings: { strength: 0.5, seed: 7 }, width: 64, height: 64 });
  });

  it('takes the prompt from the source, and keeps what made it', async () => {
    const [, fox] = parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8'));
    expect(fox).toMatchObject({ prompt: 'a red fox in snow', negative_prompt: 'blurry', seed: 7 });
    const { parameters, workflow } = await textOf('fox.png');
    expect(parameters).toContain('Steps: 30, Sampler: Euler, CFG scale: 6.5, Seed: 123456789');
    expect(parameters).toContain('Refine seed: 7');
    expect(workflow).toBe(GRAPH);
  });

  it('writes it into a JPEG', () => {
    expect(readGenerationMetadata(readFileSync(join(out, 'plain.jpg')))).toMatchObject({ prompt: 'a jpeg', steps: 2 });
  });

  it('writes none with --no-metadata', async () => {
    const bare = join(folder, 'bare');
    const run = await runCli([
      'batch',
      join(folder, 'm.jsonl'),
      '--model',
      model,
      '--output-dir',
      bare,
      '--no-metadata',
    ]);
    expect(run.code).toBe(0);
    for (const name of ['plain.png', 'fox.png', 'plain.jpg']) {
      expect(readGenerationMetadata(readFileSync(join(bare, name)))).toBeNull();
    }
  });
});
