import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { okRecord } from './records.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const digestOf = (index: number): string => index.toString(16).padStart(13, '0').padEnd(64, 'a');
const line = (index: number, more: object = {}): string =>
  `${JSON.stringify({ ...okRecord(), row_number_per_file: index, digest: digestOf(index), ...more })}\n`;

describe('openEarlierResults', () => {
  it('finds the last result of each digest, over chunks of a large journal', async () => {
    const path = join(temporaryFolder(), 'results.jsonl');
    const long = 'é'.repeat(2000);
    writeFileSync(
      path,
      Array.from({ length: 1500 }, (_, index) => line(index, { prompt: `${long}${index}` })).join(''),
    );
    appendFileSync(path, line(3, { status: 'failed' }));
    const earlier = await openEarlierResults(path);
    for (const index of [0, 1, 777, 1499]) {
      expect(await earlier.find(digestOf(index))).toMatchObject({
        record: { row_number_per_file: index, prompt: `${long}${index}` },
      });
    }
    expect(await earlier.find(digestOf(3))).toMatchObject({ record: { status: 'failed' } });
    expect(await earlier.find(digestOf(5000))).toBeNull();
    await earlier.close();
  });

  it('compares whole digests, not their beginnings', async () => {
    const path = join(temporaryFolder(), 'results.jsonl');
    writeFileSync(path, line(1));
    const earlier = await openEarlierResults(path);
    expect(await earlier.find(digestOf(1).replace(/a$/, 'b'))).toBeNull();
    await earlier.close();
  });

  it('skips a torn end and lines that are not results', async () => {
    const path = join(temporaryFolder(), 'results.jsonl');
    writeFileSync(path, `\n{"x":1}\n${line(1)}{"row_number_per_file":2`);
    const earlier = await openEarlierResults(path);
    expect(await earlier.find(digestOf(1))).not.toBeNull();
    await earlier.close();
  });

  it('is empty where there is no journal', async () => {
    const earlier = await openEarlierResults(join(temporaryFolder(), 'none.jsonl'));
    expect(await earlier.find(digestOf(1))).toBeNull();
    await earlier.close();
  });
});
