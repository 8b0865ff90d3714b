/** `sdxl-refine generate` as a run: two models, one in memory at a time, and everything that holds of a run of `batch`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listOutput, readPixels, readResults, runBatch, toJsonl, workFolder, writeRows } from '../support/batch.js';
import { goldenData } from '../support/golden.js';
import { holdingEngine, untilHeld } from '../support/holding-engine.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { makeChanges, writeLora } from '../support/lora.js';
import { waitFor } from '../support/processes.js';
import { parseResults, runCli, startCli, type CliOptions, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const base = goldenData('models/tiny-base');
const refiner = goldenData('models/small-refiner');
const size = { width: 64, height: 64 };
const quick = { ...size, steps: 4, handoff: 0.5, seed: 3 };

const argsOf = (args: readonly string[]): string[] => ['generate', '--base', base, '--model', refiner, ...args];
const generate = (args: readonly string[], options: CliOptions = {}): Promise<CliRun> => runCli(argsOf(args), options);
const folderOf = (name: string): string => join(folder, name);
const rows = ['one', 'two', 'three'].map((prompt, seed) => ({ ...quick, prompt, seed }));
const manifest = writeRows(folderOf('rows.jsonl'), rows);
const latentsFolder = '.sdxl-refine-latents';

it('gives the same pictures with one model in memory and with both, and the same as halves by hand', async () => {
  const [one, both, hand] = ['one', 'both', 'hand'].map(folderOf);
  const run = await generate([manifest, '--output-dir', one!, '--resident', 'one', '--save-latents', '--json']);
  expect(run.code).toBe(0);
  expect((await generate([manifest, '--output-dir', both!, '--resident', 'both', '--quiet'])).code).toBe(0);
  const names = ['one.png', 'two.png', 'three.png'];
  expect(listOutput(both!)).toEqual([...names, 'results.jsonl'].sort());
  expect(listOutput(one!)).toEqual(
    [...names, ...names.map((name) => `${name}.latents.safetensors`), 'results.jsonl'].sort(),
  );
  for (const name of names) {
    expect(await readPixels(join(one!, name))).toEqual(await readPixels(join(both!, name)));
  }
  const results = parseResults(run.stdout).slice(0, -1);
  expect(results).toEqual(readResults(one!));
  expect(results.map((row) => [row.prompt, row.mode, row.handoff, row.base_model, row.steps_run])).toEqual(
    rows.map(({ prompt }) => [prompt, 'ensemble', 0.5, base, 4]),
  );

  const halves = rows.map(({ prompt, seed }) => ({
    latents: join(one!, `${prompt}.png.latents.safetensors`),
    prompt,
    seed,
    steps: quick.steps,
    denoising_start: quick.handoff,
    output: `${prompt}.png`,
  }));
  const rest = await runBatch(['-', '--output-dir', hand!, '--quiet'], { input: toJsonl(halves) });
  expect(rest).toMatchObject({ code: 0, stderr: '' });
  for (const name of names) expect(await readPixels(join(hand!, name))).toEqual(await readPixels(join(one!, name)));
});

it('one prompt into one file, as into a folder, and nothing else', async () => {
  const cwd = folderOf('single');
  mkdirSync(cwd);
  const options = ['--steps', '4', '--handoff', '0.5', '--seed', '0', '--width', '64', '--height', '64'];
  /* Meant for runs into a folder. */
  const env = {
    ...process.env,
    ...{ SDXL_REFINE_RESUME: '1', SDXL_REFINE_LIMIT: '3', SDXL_REFINE_SHARD: '2/2', SDXL_REFINE_COUNT: '3' },
    SDXL_REFINE_PREDICTIONS_CSV: join(cwd, 'all.csv'),
  };
  const single = (...args: string[]): Promise<CliRun> =>
    generate(['--prompt', 'one', ...options, ...args], { cwd, env });
  const run = await single('-o', 'fox.png');
  expect(run).toMatchObject({ code: 0, stdout: '' });
  expect(run.stderr).toMatch(/^fox\.png: 64 × 64, 4 steps, seed 0, /m);
  expect(readdirSync(cwd)).toEqual(['fox.png']);
  expect(await readPixels(join(cwd, 'fox.png'))).toEqual(await readPixels(join(folderOf('both'), 'one.png')));
  expect((await single('-o', 'fox.png')).code).toBe(6);
  const refused = await Promise.all([single('-o', 'a.png', '--count', '2'), single('-o', '-', '--append')]);
  expect(refused.map(({ code }) => code)).toEqual([2, 2]);
  expect(refused[0].stderr).toMatch(/--count 2 needs a folder.*\[USAGE_CONFLICT\]/);
  expect(readdirSync(cwd)).toEqual(['fox.png']);
});

itOnLinux('goes on from the base model’s latents after it was killed', async () => {
  const out = folderOf('killed');
  const path = writeRows(folderOf('killed.jsonl'), [...rows.slice(0, 2), { ...rows[2], steps: 1000 }]);
  const running = startCli(argsOf([path, '--output-dir', out, '--resident', 'one', '--quiet']), {
    env: holdingEngine(),
  });
  const kept = join(out, latentsFolder);
  const engine = await untilHeld(running.process.pid!);
  /* Temporary files begin with a dot. */
  const latents = await waitFor('latents of two rows', () => {
    const names = (existsSync(kept) ? readdirSync(kept) : []).filter((name) => /^[^.].*\.safetensors$/.test(name));
    return names.length === 2 && names;
  });
  running.process.kill('SIGKILL');
  process.kill(engine, 'SIGKILL');
  await running.done;
  expect(readResults(out).length).toBeLessThan(3);
  writeRows(path, rows);
  const [first = ''] = latents;
  const before = readFileSync(join(kept, first));
  /* Latents that were there are taken: with other numbers in them, another picture comes out. */
  const flat = Buffer.from(before);
  flat.fill(0, flat.length - 64 * 4);
  writeFileSync(join(kept, first), flat);

  const run = await generate([path, '--output-dir', out, '--resume', '--quiet', '--resident', 'one']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(readResults(out).map(({ status, prompt }) => [status, prompt])).toEqual(
    rows.map(({ prompt }) => ['ok', prompt]),
  );
  expect(existsSync(kept)).toBe(false);

  const fresh = folderOf('fresh');
  expect((await generate([path, '--output-dir', fresh, '--quiet'])).code).toBe(0);
  const same = await Promise.all(
    rows.map(async ({ prompt }) => {
      const [a, b] = await Promise.all([out, fresh].map((place) => readPixels(join(place, `${prompt}.png`))));
      return a!.data.equals(b!.data);
    }),
  );
  expect(same.filter(Boolean)).toHaveLength(2);
});

it('rows that differ in the refiner alone have each their own latents', async () => {
  const sweep = [0.2, 0.5].map((strength) => ({ ...size, prompt: 'fox', steps: 5, seed: 3, strength }));
  const path = writeRows(folderOf('sweep.jsonl'), sweep);
  const pictures = await Promise.all(
    ['one', 'both'].map(async (resident) => {
      const out = folderOf(`sweep-${resident}`);
      const args = [path, '--mode', 'two-stage', '--resident', resident, '--output-dir', out, '--quiet'];
      expect(await generate(args)).toMatchObject({ code: 0, stderr: '' });
      return Promise.all(readResults(out).map((row) => readPixels(join(out, row.image_file_name!))));
    }),
  );
  expect(pictures[0]).toHaveLength(2);
  expect(pictures[0]).toEqual(pictures[1]);
  expect(pictures[0]![0]).not.toEqual(pictures[0]![1]);
});

it('keeps no latents of rows that are others now', async () => {
  const out = folderOf('others');
  const kept = join(out, latentsFolder);
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, `${'0'.repeat(64)}.safetensors`), '');
  writeFileSync(join(kept, '.sdxl-refine-1-00000000.tmp'), '');
  expect(await generate([manifest, '--output-dir', out, '--resume', '--quiet'])).toMatchObject({ code: 0 });
  expect(existsSync(kept)).toBe(false);
});

it('looks at the refiner’s LoRA before the base model draws', async () => {
  const parts = ['unet'] as const;
  const change = (model: string): ReturnType<typeof makeChanges> =>
    makeChanges({ model, parts, convolutions: false, dora: false, seed: 1 });
  const [fits, ofBase] = ['fits', 'of-base'].map((name) => folderOf(`${name}.safetensors`)) as [string, string];
  writeLora(ofBase, await change('tiny-base'), 'kohya');
  const wrong = await generate([
    manifest,
    '--output-dir',
    folderOf('wrong-lora'),
    '--lora',
    ofBase,
    '--resident',
    'one',
  ]);
  expect(wrong.code).toBe(4);
  expect(wrong.stderr).toContain('of-base.safetensors');
  expect(existsSync(folderOf('wrong-lora'))).toBe(false);
  const own = await change('small-refiner');
  writeLora(fits, [...own, { ...own[0]!, layer: 'down_blocks.7.proj_in' }], 'kohya');
  const dry = await generate([manifest, '--output-dir', folderOf('fits'), '--lora', fits, '--dry-run']);
  expect(dry.code).toBe(0);
  expect(dry.stderr).toMatch(/Note: .*fits\.safetensors/);
});

it('resumes: what is finished stays, and latents that are gone are made again', async () => {
  const out = folderOf('resumed');
  const args = [manifest, '--output-dir', out, '--save-latents', '--mode', 'base', '--quiet'];
  expect((await generate(args)).code).toBe(0);
  rmSync(join(out, 'two.png.latents.safetensors'));
  const args2 = [...args.slice(0, -1), '--resume'];
  const { stderr, code } = await generate(args2);
  expect(code).toBe(0);
  expect(stderr).toContain('1 generated, 2 already done (3 rows) in');
  expect(existsSync(join(out, 'two.png.latents.safetensors'))).toBe(true);
  const again = await generate(args);
  expect(again.code).toBe(6);
  expect(again.stderr).toContain('[OUTPUT_EXISTS]');
});

it.each<[string[], number, RegExp]>([
  [['--handoff', '0'], 2, /above 0 and below 1, got 0\. \[USAGE_OPTION_INVALID\]/],
  [['--handoff', '1'], 2, /above 0 and below 1, got 1\. \[USAGE_OPTION_INVALID\]/],
  [['--base', refiner], 4, /Expected --base to be a base model, got .*small-refiner.*\[MODEL_KIND_WRONG\]/],
  [['--model', base], 4, /Expected --model to be a refiner, got .*tiny-base.*\[MODEL_KIND_WRONG\]/],
  [['--mode', 'both'], 2, /Expected --mode to be one of base, ensemble, two-stage/],
  [['--width', '65'], 2, /multiple of 8/],
])('%j ends the run before any work', async (flags, code, says) => {
  const out = folderOf('never');
  const run = await generate([manifest, '--output-dir', out, ...flags]);
  expect(run.code).toBe(code);
  expect(run.stderr).toMatch(says);
  expect(existsSync(join(out, 'results.jsonl'))).toBe(false);
});

it.each([
  ['0.999', 'no step lies after it: the refiner would do nothing'],
  ['0.001', 'no step lies before it: the base model would do nothing'],
])('a row with the handoff %s fails before a step of it runs, in a dry run too', async (handoff, says) => {
  for (const flags of [['--dry-run'], []]) {
    const out = folderOf(`late-${handoff}`);
    const run = await generate(['--prompt', 'x', '--handoff', handoff, '--output-dir', out, '--json', ...flags]);
    expect(run.code).toBe(1);
    expect(run.stdout).toContain(says);
    expect(parseResults(run.stdout)[0]).toMatchObject({ status: 'failed', steps_run: null, duration_ms: null });
  }
});

it('counts what a run would cost, from a manifest that only names prompts', async () => {
  const path = folderOf('prompts.csv');
  writeFileSync(path, 'prompt,count\nfox,2\ndog,\n');
  const flags = ['--mode', 'two-stage', '--steps', '4', '--strength', '0.5', '--width', '64', '--height', '64'];
  const args = [path, ...flags, '--json', '--quiet', '--output-dir', folderOf('cost')];
  const dry = await generate([...args, '--dry-run']);
  const run = await generate(args);
  expect([dry.code, run.code]).toEqual([0, 0]);
  const end = ({ stdout }: CliRun): Record<string, unknown> =>
    (JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { summary: Record<string, unknown> }).summary;
  expect(end(dry)['unet_calls']).toBe(3 * (4 + 2));
  expect(end(run)['steps_run']).toBe(3 * (4 + 2));
  expect(readResults(folderOf('cost')).map((row) => [row.image_file_name, row.row_number_per_file])).toEqual([
    ['fox.png', 0],
    ['fox-2.png', 0],
    ['dog.png', 1],
  ]);
});

it('a batch goes on from latents in a file of torch.save as from safetensors', async () => {
  const out = folderOf('torch');
  const shared = { prompt: 'x', seed: 1, steps: 2, strength: 0.5 };
  const given = ['float32.pt', 'channels-last.pt'].map((name, at) => ({
    ...shared,
    latents: goldenData('latents', name),
    output: `${at}.png`,
  }));
  const run = await runBatch([writeRows(folderOf('pt.jsonl'), given), '--output-dir', out, '--quiet']);
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(await readPixels(join(out, '0.png'))).toEqual(await readPixels(join(out, '1.png')));
});
