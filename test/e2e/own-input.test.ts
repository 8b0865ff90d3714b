/** What a user gave is never written over. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder } from '../support/run-cli.js';

it('refuses the row whose output is its own picture, --overwrite or not', async () => {
  const folder = temporaryFolder();
  const picture = join(folder, 'cat.png');
  copyFileSync(goldenData('images/square-64.png'), picture);
  const row = { image: 'cat.png', prompt: 'x', strength: 0.5, steps: 2 };
  writeFileSync(
    join(folder, 'm.jsonl'),
    [row, { ...row, output: 'refined.png' }].map((r) => JSON.stringify(r)).join('\n'),
  );
  const model = goldenData('models/small-refiner');
  const run = await runCli(['batch', 'm.jsonl', '--model', model, '--output-dir', '.', '--overwrite'], { cwd: folder });
  expect(run.code).toBe(1);
  const results = parseResults(readFileSync(join(folder, 'results.jsonl'), 'utf8'));
  expect(results.map(({ status, error }) => [status, error?.code])).toEqual([
    ['failed', 'OUTPUT_IS_INPUT'],
    ['ok', undefined],
  ]);
  expect(readFileSync(picture)).toEqual(readFileSync(goldenData('images/square-64.png')));
});
