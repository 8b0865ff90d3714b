import { generateRowParser } from '#src/run/manifest/rows/parse-generate-row.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';
import type { SeedMode } from '#src/run/manifest/rows/row-seed.js';
import { jsonl, manifestOf, readAll } from '../manifests.js';

const PICTURE = { image: 'a.png', prompt: 'x' };
const seedsOf = async (rows: object[], options: RowValues = {}, seedMode?: SeedMode): Promise<unknown[]> => {
  const manifest = manifestOf({ 'm.jsonl': jsonl(...rows.map((row) => ({ ...PICTURE, ...row }))) }, { options });
  return (await readAll({ ...manifest, ...(seedMode === undefined ? {} : { seedMode }) })).map(
    ({ settings }) => settings.seed,
  );
};

it('draws a seed for each row of -1, the same at every reading, and another in another run', async () => {
  const rows = [{ seed: -1 }, { seed: -1 }, {}, { seed: 5 }];
  const seeds = await seedsOf(rows);
  expect(seeds.slice(2)).toEqual([77, 5]);
  expect(new Set(seeds).size).toBe(4);
  for (const seed of seeds) expect(seed).toBeGreaterThanOrEqual(0);
  expect(await seedsOf(rows)).toEqual(seeds);
  expect(await seedsOf([{}, {}], { seed: -1 })).toEqual(seeds.slice(0, 2));
  const other = await readAll(manifestOf({ 'm.jsonl': jsonl({ ...PICTURE, seed: -1 }) }, { runSeed: 78 }));
  expect(other[0]?.settings.seed).not.toBe(seeds[0]);
});

it('draws the variation seed too, apart from the seed', async () => {
  const manifest = manifestOf({ 'm.jsonl': jsonl({ ...PICTURE, seed: -1, variation_seed: -1 }) });
  const { seed, variationSeed } = (await readAll(manifest))[0]!.settings;
  expect(variationSeed).toBeGreaterThanOrEqual(0);
  expect(variationSeed).not.toBe(seed);
});

it.each<[SeedMode, RowValues, unknown[]]>([
  ['fixed', {}, [77, 3, 77, 77]],
  ['fixed', { seed: -1 }, [77, 3, 77, 77]],
  ['increment', {}, [77, 3, 79, 80]],
  ['increment', { seed: 10 }, [10, 3, 12, 13]],
  ['increment', { seed: -1 }, [77, 3, 79, 80]],
  ['increment', { seed: Number.MAX_SAFE_INTEGER }, [Number.MAX_SAFE_INTEGER, 3, 1, 2]],
])('counts in mode %s with %j', async (mode, options, seeds) => {
  expect(await seedsOf([{}, { seed: 3 }, {}, {}], options, mode)).toEqual(seeds);
});

it('draws in mode random from the option’s seed', async () => {
  const seeds = await seedsOf([{}, { seed: 3 }, {}], { seed: 7 }, 'random');
  expect(new Set(seeds).size).toBe(3);
  expect(seeds[1]).toBe(3);
  expect(await seedsOf([{}, { seed: 3 }, {}], { seed: 7 }, 'random')).toEqual(seeds);
  expect(await seedsOf([{}, { seed: 3 }, {}], { seed: 8 }, 'random')).not.toEqual(seeds);
});

it('counts over pictures of generate and over inputs, rows that fail included', async () => {
  const parse = generateRowParser({ mode: 'two-stage', stageInput: 'latents', keepsLatents: false });
  const manifest = manifestOf(
    { 'a.jsonl': jsonl({ prompt: 'a', count: 2 }, { prompt: 7 }), 'b.csv': 'prompt,seed\nb,\nc,-1.0\nd,7.0\n' },
    { command: 'generate', parse, options: { seed: 10 }, seedMode: 'increment' },
  );
  const rows = await readAll(manifest);
  expect(rows.map(({ settings }) => settings.seed)).toEqual([10, 11, 12, 13, expect.any(Number), 7]);
  expect(rows[4]!.settings.seed).toBeGreaterThan(100);
  expect(rows.map(({ generation }) => generation?.refiner?.seed).slice(0, 4)).toEqual([11, 12, 13, 14]);
  const own = await readAll({ ...manifest, options: { refiner_seed: -1 } });
  expect(own[0]?.generation?.refiner?.seed).not.toBe(own[2]?.generation?.refiner?.seed);
});

it.each([7.5, 1e30, -2, true, '', 'random', 2 ** 53])(
  'refuses the seed %j, and says how one is drawn',
  async (seed) => {
    const [row] = await readAll(manifestOf({ 'm.jsonl': jsonl({ ...PICTURE, seed }) }));
    expect(row).toMatchObject({ error: { message: expect.stringContaining('or -1 for one that is drawn') as string } });
  },
);
