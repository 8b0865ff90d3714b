/** Parts of one run, side by side in one output folder. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder } from '../support/run-cli.js';

it('does every row once over all parts, at the same time', async () => {
  const folder = temporaryFolder();
  const out = join(folder, 'out');
  const names = ['square-64', 'wide-96x64', 'tall-64x112', 'odd-75x53', 'square-128'];
  const rows = names.map((name) => ({
    image: goldenData('images', `${name}.png`),
    prompt: 'x',
    strength: 0.5,
    steps: 2,
  }));
  const manifest = join(folder, 'm.jsonl');
  writeFileSync(manifest, rows.map((row) => JSON.stringify(row)).join('\n'));
  const part = (index: number) =>
    runCli([
      'batch',
      manifest,
      '--model',
      goldenData('models/tiny-refiner'),
      '--output-dir',
      out,
      '--shard',
      `${index}/2`,
    ]);
  const [first, second] = await Promise.all([part(1), part(2)]);
  expect([first.code, second.code]).toEqual([0, 0]);
  const results = [1, 2].map((index) => parseResults(readFileSync(join(out, `results-${index}-of-2.jsonl`), 'utf8')));
  expect(
    results
      .flat()
      .map(({ image_file_name: name }) => name)
      .sort(),
  ).toEqual(names.map((name) => `${name}.png`).sort());
  expect(readdirSync(out).filter((name) => name.endsWith('.png')).length).toBe(names.length);
  expect((await part(1)).code).toBe(6);
});
