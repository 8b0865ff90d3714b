/** Settings that a model brings in its folder, in every command that takes a model. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listOutput, model, picture, readResults, workFolder, writeRows } from '../support/batch.js';
import { fakeHub } from '../support/fake-hub.js';
import { goldenData } from '../support/golden.js';
import { runCli } from '../support/run-cli.js';
import { requestOf, squarePng } from '../support/serve.js';
import { withServer } from '../support/with-server.js';

const folder = workFolder();
const bring = (path: string, defaults: object): void => {
  writeFileSync(join(path, 'refine-defaults.json'), JSON.stringify(defaults));
};
const modelThatBrings = (name: string, defaults: object, from = model): string => {
  const path = join(folder, name);
  cpSync(from, path, { recursive: true });
  bring(path, defaults);
  return path;
};

const OWN = { strength: 0.5, steps: 2, guidance_scale: 3, negative_prompt: 'blur' };
const refiner = modelThatBrings('refiner', OWN);
const plain = { image: picture('square-64'), prompt: 'a tiny picture', seed: 1 };
const rows = writeRows(join(folder, 'rows.jsonl'), [plain, { ...plain, guidance_scale: 2, output: 'own.png' }]);
const batch = (out: string, ...args: string[]): ReturnType<typeof runCli> =>
  runCli(['batch', rows, '--model', refiner, '--output-dir', join(folder, out), ...args]);

it('hold for rows that nothing else says it for, are recorded, and redo rows when they change', async () => {
  expect(await batch('out', '--negative-prompt', 'noise')).toMatchObject({ code: 0 });
  const shared = { strength: 0.5, steps: 2, steps_run: 1, negative_prompt: 'noise' };
  expect(readResults(join(folder, 'out'))).toMatchObject([
    { ...shared, guidance_scale: 3 },
    { ...shared, guidance_scale: 2 },
  ]);

  bring(refiner, { ...OWN, guidance_scale: 4 });
  const again = await batch('out', '--negative-prompt', 'noise', '--resume', '--json');
  bring(refiner, OWN);
  const [first, second, end] = again.stdout.split('\n').map((line) => JSON.parse(line || 'null') as object);
  expect([first, second]).toMatchObject([{ guidance_scale: 4 }, { guidance_scale: 2 }]);
  expect(end).toMatchObject({ summary: { ok: 2, taken_over: 1 } });
  expect(listOutput(join(folder, 'out'))).toEqual(['own.png', 'results.jsonl', 'square-64.png']);
});

it('a row of too few steps for the model’s strength runs one, and fails where the strength is the user’s', async () => {
  const few = await batch('few', '--steps', '1', '--json');
  expect(few).toMatchObject({ code: 0 });
  expect(JSON.parse(few.stdout.split('\n')[0] ?? '')).toMatchObject({ strength: 1, steps: 1, steps_run: 1 });
  const own = await batch('own', '--steps', '1', '--strength', '0.5', '--dry-run', '--json');
  expect(own.code).not.toBe(0);
  expect(own.stdout + own.stderr).toContain('got 1 × 0.5: no step would run; raise steps to 2 or more');
});

it('--print-config says that they are the model’s, unless something else says it', async () => {
  const { code, stdout } = await batch('none', '--steps', '7', '--print-config');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    settings: {
      strength: { value: 0.5, source: 'model' },
      negative_prompt: { value: 'blur', source: 'model' },
      steps: { value: 7, source: 'option' },
      aesthetic_score: { value: 6, source: 'default' },
    },
  });
});

it('one that asks for more than settings of pictures ends the run before any work', async () => {
  const wrong = modelThatBrings('wrong', { output_dir: 'elsewhere' });
  const { code, stderr } = await batch('wrong-out', '--model', wrong);
  expect(code).toBe(4);
  expect(stderr).toMatch(/refine-defaults\.json: unknown key "output_dir".*\[MODEL_CONFIG_INVALID\]/);
});

it('come along when a model is downloaded, before its rows run', async () => {
  const id = 'somebody/tiny-refiner';
  const place = { url: '' };
  const fake = fakeHub(id, refiner, { storeUrl: () => place.url, token: 'hf_secret' });
  await withServer(fake.store, async (storeUrl) => {
    place.url = storeUrl;
    await withServer(fake.hub, async (HF_ENDPOINT) => {
      const env = { HF_ENDPOINT, HF_HUB_CACHE: join(folder, 'cache'), HF_TOKEN: 'hf_secret' };
      const out = join(folder, 'pulled');
      expect(await runCli(['batch', rows, '--model', id, '--output-dir', out], { env })).toMatchObject({ code: 0 });
      expect(readResults(out)).toMatchObject([{ strength: 0.5, guidance_scale: 3 }, { guidance_scale: 2 }]);
    });
  });
});

it('generate takes each model’s own, and one schedule for an ensemble', async () => {
  const base = modelThatBrings('base', { steps: 4, guidance_scale: 2 }, goldenData('models/tiny-base'));
  const generate = async (mode: string, ...args: string[]): Promise<unknown> => {
    const out = join(folder, mode);
    const models = ['--base', base, '--model', refiner, '--mode', mode, '--output-dir', out];
    const run = await runCli(['generate', '--prompt', 'a fox', '--width', '64', '--height', '64', ...models, ...args]);
    expect(run).toMatchObject({ code: 0 });
    return args.includes('--print-config') ? JSON.parse(run.stdout) : readResults(out)[0];
  };
  expect(await generate('two-stage')).toMatchObject({
    steps: 4,
    guidance_scale: 2,
    negative_prompt: '',
    refiner: { steps: 2, guidance_scale: 3, negative_prompt: 'blur' },
  });
  expect(await generate('ensemble')).toMatchObject({ steps: 4, refiner: { steps: 4, guidance_scale: 3 } });
  expect(await generate('two-stage', '--print-config', '--guidance-scale', '5')).toMatchObject({
    settings: {
      steps: { value: 4, source: 'model' },
      strength: { value: 0.5, source: 'model' },
      refiner_steps: { value: 2, source: 'model' },
      guidance_scale: { value: 5, source: 'option' },
      refiner_guidance_scale: { value: null, source: 'default' },
    },
  });
});

it('score answers with them where the request says nothing', async () => {
  const request = join(folder, 'request.json');
  const score = async (at: string, params: object): Promise<string> => {
    writeFileSync(request, JSON.stringify(requestOf([{ image: squarePng, prompt: 'a tiny picture' }], params)));
    const { code, stdout } = await runCli(['score', request, '--model', at, '--no-metadata']);
    expect(code).toBe(0);
    return stdout;
  };
  expect(await score(refiner, { seed: 1 })).toBe(await score(model, { seed: 1, ...OWN }));
  expect(readFileSync(join(refiner, 'refine-defaults.json'), 'utf8')).toBe(JSON.stringify(OWN));
});
