/** Seeds that are drawn and seeds that count, through the command line: recorded, kept by --resume, the same in parts of a run. */
import { join } from 'node:path';
import { goodRow, listOutput, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';

const folder = workFolder();
const { seed: _, ...row } = goodRow;
const seedsIn = (out: string): (number | null)[] => readResults(join(folder, out)).map(({ seed }) => seed);

it('draws -1 for each row, records it, and keeps it when the run goes on', async () => {
  const rows = [{ ...row, seed: -1 }, { ...row, seed: -1 }, row];
  const manifest = writeRows(join(folder, 'drawn.jsonl'), rows);
  const args = [manifest, '--output-dir', join(folder, 'drawn')];
  expect(await runBatch([...args, '--limit', '2'])).toMatchObject({ code: 0 });
  const first = seedsIn('drawn');
  expect(new Set(first).size).toBe(2);
  const resumed = await runBatch([...args, '--resume']);
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stderr).toContain('2 already done');
  expect(seedsIn('drawn').slice(0, 2)).toEqual(first);
  expect(listOutput(join(folder, 'drawn'))).toHaveLength(4);
});

it('takes --seed -1, and counts alike in every part of a run', async () => {
  const manifest = writeRows(
    join(folder, 'counted.jsonl'),
    [1, 2, 3, 4].map((id) => ({ ...row, id: `${id}`, image: `${id}` })),
  );
  const dryRun = async (...args: string[]): Promise<(readonly [string | null, number | null])[]> => {
    const run = await runBatch([manifest, '--output-dir', join(folder, 'none'), '--dry-run', '--json', ...args]);
    return run.stdout
      .split('\n')
      .filter((line) => line.includes('"id"'))
      .map((line) => JSON.parse(line) as { id: string; seed: number })
      .map(({ id, seed }) => [id, seed] as const);
  };
  const counting = ['--seed', '10', '--seed-mode', 'increment'];
  const whole = await dryRun(...counting);
  expect(whole.map(([, seed]) => seed)).toEqual([10, 11, 12, 13]);
  const parts = [await dryRun(...counting, '--shard', '1/2'), await dryRun(...counting, '--shard', '2/2')];
  expect(parts.flat().sort()).toEqual(whole);
  expect(new Set((await dryRun('--seed', '-1')).map(([, seed]) => seed)).size).toBe(4);
  expect(await runBatch([manifest, '--seed-mode', 'upward'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Expected --seed-mode to be one of fixed, increment, random') as string,
  });
});
