/** The bundled model is a demo, and says so once where nobody chose it. */
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { model, picture, workFolder, writeRows } from '../support/batch.js';
import { root } from '../support/golden.js';
import { parseResults, runCli, type CliRun } from '../support/run-cli.js';
import { requestOf, squarePng } from '../support/serve.js';

const folder = workFolder();
const ID = 'stabilityai/stable-diffusion-xl-refiner-1.0';
const NOTE = /^Note: No --model is given, so the bundled demo model runs\. /gm;
const photograph = join(folder, 'photograph.png');
copyFileSync(picture('square-64'), photograph);
const rows = writeRows(join(folder, 'rows.jsonl'), [
  { image: photograph, prompt: 'a' },
  { image: photograph, prompt: 'b', output: 'b.png' },
]);
const cache = join(folder, 'cache');
const run = (...args: string[]): Promise<CliRun> =>
  runCli(args, { cwd: folder, env: { ...process.env, HF_HUB_CACHE: cache } });
const look = (...args: string[]): Promise<CliRun> => run('batch', rows, '--dry-run', ...args);

it('one note for a run, with the commands that get the real model', async () => {
  const { code, stdout, stderr } = await run('batch', rows, '--output-dir', 'out', '--json');
  expect(code).toBe(0);
  expect(stderr.match(NOTE)).toHaveLength(1);
  expect(stderr).toContain(
    `  Get the real refiner, once (6 GB): sdxl-refine models pull ${ID}\n  Then add --model ${ID}\n`,
  );
  const settings = { model: 'emoji-refiner', strength: 0.3, guidance_scale: 1, steps_run: 15 };
  expect(parseResults(stdout).slice(0, 2)).toMatchObject([settings, settings]);
});

it('one picture has it too, and so has a request', async () => {
  const one = await run(photograph, '--prompt', 'a', '--output', 'one.png');
  expect(one).toMatchObject({ code: 0 });
  expect(one.stderr.match(NOTE)).toHaveLength(1);
  const request = join(folder, 'request.json');
  writeFileSync(request, JSON.stringify(requestOf([{ image: squarePng, prompt: 'a' }], {})));
  const scored = await run('score', request);
  expect(scored).toMatchObject({ code: 0 });
  expect(scored.stderr.match(NOTE)).toHaveLength(1);
});

it('none where it is chosen or not loaded, on the pictures that come with it, and with --quiet', async () => {
  expect((await run('none.png', '--prompt', 'a')).stderr).not.toMatch(NOTE);
  expect((await look('--model', 'emoji-refiner')).stderr).not.toMatch(NOTE);
  expect((await look('--model', model)).stderr).not.toMatch(NOTE);
  expect(await look('--quiet')).toMatchObject({ code: 0, stderr: '' });
  expect((await run('batch', join(root, 'fixtures/demo'), '--dry-run', '--limit', '1')).stderr).not.toMatch(NOTE);
  const one = join(root, 'fixtures/demo/ghost-noise.png');
  expect((await run(one, '--prompt', 'ghost, flat', '--output', 'ghost.png')).stderr).not.toMatch(NOTE);
});

it('generate names each model that is missing, and only those that run', async () => {
  const generate = (...args: string[]): Promise<CliRun> =>
    run('generate', '--prompt', 'a', '--width', '64', '--height', '64', '--dry-run', ...args);
  expect((await generate()).stderr).toMatch(
    /^Note: No --base and no --model are given, [^]*xl-base-1\.0[^]*xl-refiner-1\.0/,
  );
  const base = await generate('--mode', 'base');
  expect(base.stderr).toMatch(/^Note: No --base is given/);
  expect(base.stderr).not.toContain(ID);
});

it('the real model is not asked for again where the cache has it whole', async () => {
  const repository = join(cache, 'models--stabilityai--stable-diffusion-xl-refiner-1.0');
  const snapshot = join(repository, 'snapshots', 'abc');
  mkdirSync(join(repository, 'refs'), { recursive: true });
  writeFileSync(join(repository, 'refs/main'), 'abc');
  mkdirSync(snapshot, { recursive: true });
  copyFileSync(join(model, 'model_index.json'), join(snapshot, 'model_index.json'));
  expect((await look()).stderr).toContain('models pull');
  cpSync(model, snapshot, { recursive: true });
  const { stderr } = await look();
  expect(stderr).toContain(`\n  The real refiner is in the cache: add --model ${ID}\n`);
  expect(stderr).not.toContain('models pull');
});
