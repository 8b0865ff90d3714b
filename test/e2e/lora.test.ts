/** LoRAs through the command line: weights of the run and of rows, what results and pictures say of them, and what is refused. */
import { join } from 'node:path';
import sharp from 'sharp';
import { goodRow, model, readPixels, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { writeFileSync } from 'node:fs';
import { goldenData } from '../support/golden.js';
import { makeChanges, writeLora } from '../support/lora.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const [ink, paper, ofBase] = ['ink', 'paper', 'of-base'].map((name) => join(folder, `${name}.safetensors`)) as [
  string,
  string,
  string,
];
const manifest = join(folder, 'rows.jsonl');
const pixels = async (out: string, name: string): Promise<Buffer> => (await readPixels(join(folder, out, name))).data;

beforeAll(async () => {
  const parts = ['unet', 'text_encoder_2'] as const;
  writeLora(
    ink,
    await makeChanges({ model: 'small-refiner', parts, convolutions: true, dora: false, seed: 1 }),
    'kohya',
  );
  writeLora(
    paper,
    await makeChanges({ model: 'small-refiner', parts, convolutions: false, dora: true, seed: 2 }),
    'peft',
  );
  writeLora(
    ofBase,
    await makeChanges({
      model: 'tiny-base',
      parts: ['unet', 'text_encoder'],
      convolutions: false,
      dora: false,
      seed: 3,
    }),
    'kohya',
  );
  writeRows(manifest, [
    { ...goodRow, output: 'usual.png' },
    { ...goodRow, output: 'none.png', lora_weights: { ink: 0, paper: 0 } },
    { ...goodRow, output: 'paper.png', lora_weights: { ink: 0, paper: 1 } },
    { ...goodRow, output: 'wrong.png', lora_weights: { inc: 1 } },
  ]);
});

it('runs each row at its weights, and says so in the results and in the picture', async () => {
  expect(
    (
      await runBatch([
        writeRows(join(folder, 'plain.jsonl'), [{ ...goodRow, output: 'plain.png' }]),
        '--output-dir',
        join(folder, 'plain'),
        '--quiet',
      ])
    ).code,
  ).toBe(0);
  const run = await runBatch([
    manifest,
    '--output-dir',
    join(folder, 'both'),
    '--lora',
    `${ink}:0.6`,
    '--lora',
    paper,
    '--quiet',
  ]);
  expect(run).toMatchObject({ code: 1 });
  const results = readResults(join(folder, 'both'));
  expect(results.map(({ status, loras }) => [status, loras])).toEqual([
    ['ok', { ink: 0.6, paper: 1 }],
    ['ok', { ink: 0, paper: 0 }],
    ['ok', { ink: 0, paper: 1 }],
    ['failed', { ink: 0.6, paper: 1 }],
  ]);
  expect(results[3]?.error?.message).toContain(
    'Expected lora_weights to name LoRAs of the run, got "inc": those of the run are ink, paper',
  );

  const plain = await pixels('plain', 'plain.png');
  expect((await pixels('both', 'none.png')).equals(plain)).toBe(true);
  expect((await pixels('both', 'usual.png')).equals(plain)).toBe(false);
  expect((await pixels('both', 'usual.png')).equals(await pixels('both', 'paper.png'))).toBe(false);
  const { comments = [] } = await sharp(join(folder, 'both', 'usual.png')).metadata();
  expect(comments.find(({ keyword }) => keyword === 'parameters')?.text).toContain(
    'a tiny picture <lora:ink:0.6> <lora:paper:1>\n',
  );

  /* One alone gives what it gave beside another of weight 0. */
  const alone = writeRows(join(folder, 'alone.jsonl'), [{ ...goodRow, output: 'paper.png' }]);
  expect((await runBatch([alone, '--output-dir', join(folder, 'alone'), '--lora', paper, '--quiet'])).code).toBe(0);
  expect((await pixels('alone', 'paper.png')).equals(await pixels('both', 'paper.png'))).toBe(true);
});

it('does a row again when its LoRA or its weight is another', async () => {
  const rows = writeRows(join(folder, 'resumed.jsonl'), [{ ...goodRow, output: 'one.png' }]);
  const run = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await runBatch([rows, '--output-dir', join(folder, 'resumed'), '--resume', ...args]);
    expect(code).toBe(0);
    return stderr;
  };
  await run('--lora', ink);
  expect(await run('--lora', ink)).toContain('0 refined, 1 already done (1 row) in');
  const before = await pixels('resumed', 'one.png');
  await run('--lora', `${ink}:0.5`);
  expect((await pixels('resumed', 'one.png')).equals(before)).toBe(false);
});

it('takes LoRAs from a configuration file, relative to it, and from the environment', async () => {
  const rows = writeRows(join(folder, 'configured.jsonl'), [goodRow]);
  const config = join(folder, 'settings.json');
  writeFileSync(config, JSON.stringify({ lora: ['ink.safetensors:0.25', 'paper.safetensors'] }));
  const args = [rows, '--output-dir', join(folder, 'configured'), '--overwrite', '--quiet'];
  expect((await runBatch([...args, '--config', config])).code).toBe(0);
  expect(readResults(join(folder, 'configured'))[0]?.loras).toEqual({ ink: 0.25, paper: 1 });
  const env = { ...process.env, SDXL_REFINE_LORA: `${ink}:0.5,${paper}:0` };
  expect((await runBatch(args, { env })).code).toBe(0);
  expect(readResults(join(folder, 'configured'))[0]?.loras).toEqual({ ink: 0.5, paper: 0 });
});

it.each([
  [
    'a base model’s LoRA',
    () => ['--lora', ofBase],
    4,
    /LORA_UNSUITABLE|Cannot use the LoRA .*of-base\.safetensors: it/,
  ],
  ['two of one name', () => ['--lora', ink, '--lora', `${ink}:0.5`], 2, /Two LoRAs have the name "ink"/],
  [
    'a file that is not there',
    () => ['--lora', join(folder, 'nothing.safetensors')],
    4,
    /nothing\.safetensors: there is no such file/,
  ],
  ['a model as a LoRA', () => ['--lora', goldenData('models/tiny-refiner.sgm.safetensors')], 4, /it has no LoRA/],
  [
    'an ONNX export',
    () => ['--lora', ink, '--model', goldenData('models/tiny-refiner-onnx')],
    2,
    /safetensors for --lora, found an ONNX export/,
  ],
])('refuses %s before any work', async (_, args, code, message) => {
  const rows = writeRows(join(folder, 'refused.jsonl'), [goodRow]);
  const run = await runBatch([rows, '--output-dir', join(folder, 'refused'), ...args()]);
  expect(run.code).toBe(code);
  expect(run.stderr).toMatch(message);
});

it('gives base model and refiner each its own', async () => {
  const out = join(folder, 'generated');
  const args = [
    'generate',
    '--prompt',
    'a tiny picture',
    '--steps',
    '4',
    '--seed',
    '1',
    '--width',
    '64',
    '--height',
    '64',
    '--base',
    goldenData('models/tiny-base'),
    '--model',
    model,
    '--output-dir',
    out,
    '--overwrite',
    '--quiet',
  ];
  expect(await runCli(args)).toMatchObject({ code: 0 });
  const plain = await pixels('generated', 'a-tiny-picture.png');
  expect(await runCli([...args, '--base-lora', `${ofBase}:0`, '--lora', `${ink}:0`])).toMatchObject({ code: 0 });
  expect((await pixels('generated', 'a-tiny-picture.png')).equals(plain)).toBe(true);
  expect(await runCli([...args, '--base-lora', ofBase, '--lora', `${ink}:0.5`])).toMatchObject({ code: 0 });
  expect((await pixels('generated', 'a-tiny-picture.png')).equals(plain)).toBe(false);
  expect(readResults(out)[0]?.loras).toEqual({ 'of-base': 1, ink: 0.5 });
  expect((await runCli([...args, '--mode', 'base', '--lora', ink])).stderr).toContain('Give --base-lora');
}, 240_000);
