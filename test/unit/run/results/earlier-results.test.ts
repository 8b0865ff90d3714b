import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { okRecord } from './records.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const digestOf = (index: number): string => index.toString(16).padStart(13, '0').padEnd(64, 'a');
const line = (index: number, more: object = {}): string =>
  `${JSON.stringify({ ...okRecord(), row_number_per_file: index, image_file_name: `${index}.png`, digest: digestOf(index), ...more })}\n`;

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

  it('finds no result whose file a newer line lists, and the newest of each file', async () => {
    const path = join(temporaryFolder(), 'results.jsonl');
    const latents = { latents_file_name: '2.png.safetensors' };
    writeFileSync(
      path,
      [line(1), line(2, latents), line(3, { image_file_name: '1.png' }), line(4, { latents_file_name: '2.png' })].join(
        '',
      ),
    );
    const earlier = await openEarlierResults(path);
    expect([await earlier.find(digestOf(1)), await earlier.find(digestOf(2))]).toEqual([null, null]);
    expect(await earlier.find(digestOf(3))).toMatchObject({ record: { row_number_per_file: 3 } });
    expect(await earlier.findOutput('1.png')).toMatchObject({ record: { row_number_per_file: 3 } });
    expect(await earlier.findOutput('3.png')).toBeNull();
    await earlier.close();
    /* With the settings that it had before: the same digest again. */
    appendFileSync(path, line(1));
    const again = await openEarlierResults(path);
    expect([await again.find(digestOf(1)), await again.find(digestOf(3))]).toEqual([expect.anything(), null]);
    await again.close();
  });

  it('counts the files that nothing has taken, from a line on', async () => {
    const path = join(temporaryFolder(), 'results.jsonl');
    writeFileSync(path, line(1) + line(2) + line(3, { status: 'failed', image_file_name: null }));
    const all = await openEarlierResults(path);
    const later = await openEarlierResults(path, { from: line(1).length });
    expect([all.untaken, later.untaken]).toEqual([2, 1]);
    for (const name of ['1.png', '1.png', 'none.png', '2.png'])
      [all, later].forEach((one) => {
        one.take(name);
      });
    expect([all.untaken, later.untaken]).toEqual([0, 0]);
    expect(await all.findOutput('1.png')).toBeNull();
    await all.close();
    await later.close();
    /* A file of earlier lines that a later one lists again counts with the later one. */
    appendFileSync(path, line(1));
    const again = await openEarlierResults(path, { from: line(1).length });
    expect(again.untaken).toBe(2);
    await again.close();
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
