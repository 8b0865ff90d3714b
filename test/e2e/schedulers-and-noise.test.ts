/** Schedulers by other programs' names, and whose random numbers a row draws. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readResults, runBatch, toJsonl, workFolder } from '../support/batch.js';
import { goldenData } from '../support/golden.js';

const out = join(workFolder(), 'out');
const base = { image: 'square-64.png', prompt: 'a cat', seed: 5, steps: 6, strength: 0.5, guidance_scale: 1 };
const defaults = { eta: 0, rng: 'torch-cpu', variation_strength: 0, ensd: 0, vae_sample: 'sample' };
const rows = {
  plain: base,
  spelledOut: { ...base, ...defaults },
  karras: { ...base, scheduler: 'DPM++ 2M Karras' },
  comfyKarras: { ...base, scheduler: 'dpmpp_2m/karras' },
  sde: { ...base, scheduler: 'dpmpp_sde_gpu_karras' },
  philox: { ...base, rng: 'philox' },
  comfy: { ...base, rng: 'comfy' },
  variation: { ...base, variation_seed: 9, variation_strength: 0.4 },
  mean: { ...base, vae_sample: 'mean' },
  ancestral: { ...base, scheduler: 'Euler a' },
  ensd: { ...base, scheduler: 'Euler a', ensd: 31337 },
  ddim: { ...base, scheduler: 'DDIM' },
  eta: { ...base, scheduler: 'DDIM', eta: 0.5 },
  restart: { ...base, scheduler: 'Restart' },
  noSeed: { ...base, variation_strength: 0.5 },
};
type Name = keyof typeof rows;

const results = new Map<string, ReturnType<typeof readResults>[number]>();
beforeAll(async () => {
  const input = toJsonl(Object.entries(rows).map(([id, row]) => ({ ...row, id, output: `${id}.png` })));
  const run = await runBatch(['-', '--output-dir', out, '--quiet', '--no-metadata'], {
    cwd: goldenData('images'),
    input,
  });
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/^(square-64\.png: failed, ROW_FIELD_INVALID: [^\n]*\n){2}$/);
  for (const result of readResults(out)) results.set(String(result.id), result);
});

const resultOf = (name: Name) => results.get(name)!;
const pictureOf = (name: Name): Buffer => readFileSync(join(out, `${name}.png`));

it('a new key at its default changes no picture, and what is at its default is not recorded', () => {
  expect(pictureOf('spelledOut').equals(pictureOf('plain'))).toBe(true);
  expect(resultOf('plain')).toMatchObject({ rng: 'torch-cpu', scheduler: 'EulerDiscreteScheduler' });
  expect(Object.keys(resultOf('spelledOut'))).toEqual(Object.keys(resultOf('plain')));
  expect(Object.keys(resultOf('plain'))).not.toContain('eta');
});

it('two spellings are one scheduler', () => {
  expect(pictureOf('comfyKarras').equals(pictureOf('karras'))).toBe(true);
  expect(resultOf('comfyKarras')).toMatchObject({ scheduler: 'DPM++ 2M Karras', status: 'ok' });
  expect(resultOf('sde')).toMatchObject({ scheduler: 'DPM++ SDE Karras', status: 'ok', steps_run: 5 });
});

it.each<[Name, Name]>([
  ['philox', 'plain'],
  ['comfy', 'plain'],
  ['comfy', 'philox'],
  ['variation', 'plain'],
  ['mean', 'plain'],
  ['karras', 'plain'],
  ['ensd', 'ancestral'],
  ['eta', 'ddim'],
])('%s gives another picture than %s, and another digest', (one, other) => {
  expect(resultOf(one).status).toBe('ok');
  expect(pictureOf(one).equals(pictureOf(other))).toBe(false);
  expect(resultOf(one).digest).not.toBe(resultOf(other).digest);
});

it('what decided the noise is recorded', () => {
  expect(resultOf('comfy')).toMatchObject({ rng: 'comfy' });
  expect(resultOf('variation')).toMatchObject({ variation_seed: 9, variation_strength: 0.4 });
  expect(resultOf('mean')).toMatchObject({ vae_sample: 'mean' });
  expect(resultOf('ensd')).toMatchObject({ eta_noise_seed_delta: 31337 });
  expect(resultOf('eta')).toMatchObject({ eta: 0.5, scheduler: 'DDIM' });
});

it('a sampler without equivalent, and a variation without seed, fail their rows', () => {
  expect(resultOf('restart').error).toMatchObject({
    code: 'ROW_FIELD_INVALID',
    message: expect.stringContaining('Restart has no equivalent here') as string,
  });
  expect(resultOf('noSeed').error).toMatchObject({ message: expect.stringContaining('variation_seed') as string });
});
