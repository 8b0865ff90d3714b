/** Several engines, and several pictures at a time on one: the pictures and results of one engine that takes rows one by one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResultRecord } from '#src/records/result.js';
import { maxDifference } from '../support/golden.js';
import {
  finishedRows,
  goodRow,
  picture,
  quick,
  readPixels,
  readResults,
  runBatch,
  startBatch,
  workFolder,
  writeRows,
} from '../support/batch.js';
import { holdingEngine, untilHeld } from '../support/holding-engine.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { childrenOf, signal } from '../support/processes.js';

const folder = workFolder();
/* Enough for ten kills; one row fails. */
const ROWS = 45;
const rows = Array.from({ length: ROWS }, (_, index) => ({
  ...quick,
  image: picture(index % 7 === 0 ? 'square-128' : 'square-64'),
  seed: index,
  steps: 2 + (index % 5),
  prompt: `picture ${index % 11}`,
  output: `${index}.png`,
  ...(index % 50 === 17 ? { image: picture('missing') } : {}),
}));
const manifest = writeRows(join(folder, 'rows.jsonl'), rows);

const refineAll = async (name: string, ...args: string[]): Promise<{ out: string; results: ResultRecord[] }> => {
  const out = join(folder, name);
  const { code } = await runBatch([manifest, '--output-dir', out, '--quiet', ...args]);
  expect(code).toBe(1);
  return { out, results: readResults(out) };
};

/** What does not depend on where and when a row ran. */
const withoutPlace = (results: readonly ResultRecord[]): Partial<ResultRecord>[] =>
  results.map(({ duration_ms: _, device: __, ...rest }) => rest);

const isMapped = (pid: number, path: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'latin1').includes(path);
  } catch {
    return false;
  }
};

let alone: ReturnType<typeof refineAll> | undefined;
const one = (): ReturnType<typeof refineAll> => (alone ??= refineAll('one'));

it('two engines write what one does, byte for byte, and their results in the order of rows', async () => {
  const [alone, both] = [await one(), await refineAll('both', '--device', 'cpu,cpu')];
  expect(withoutPlace(both.results)).toEqual(withoutPlace(alone.results));
  expect(new Set(both.results.map(({ device }) => device))).toEqual(new Set(['cpu', 'cpu,cpu']));
  for (const { image_file_name: name } of alone.results) {
    if (name !== null) expect(readFileSync(join(both.out, name))).toEqual(readFileSync(join(alone.out, name)));
  }
});

it('several pictures at a time are those of one at a time within 2 of 255', async () => {
  const [alone, shared] = [await one(), await refineAll('shared', '--batch-size', '5')];
  const comparable = (results: readonly ResultRecord[]): unknown[] =>
    withoutPlace(results).map(({ output_bytes: _, output_sha256: __, ...rest }) => rest);
  expect(comparable(shared.results)).toEqual(comparable(alone.results));
  for (const { image_file_name: name } of alone.results) {
    if (name === null) continue;
    const [a, b] = [await readPixels(join(alone.out, name)), await readPixels(join(shared.out, name))];
    expect(maxDifference(Float32Array.from(a.data), Float32Array.from(b.data))).toBeLessThanOrEqual(2);
  }
});

itOnLinux(
  'an engine that is killed ten times takes one row each time, and every row has one result',
  async () => {
    const out = join(folder, 'killed');
    const run = startBatch([manifest, '--output-dir', out, '--device', 'cpu,cpu', '--quiet']);
    const killed = new Set<number>();
    while (killed.size < 10 && run.process.exitCode === null) {
      await sleep(100);
      /* One that is still opening its model takes no row, and would be killed at its next opening, too. */
      const engine = childrenOf(run.process.pid!).find((pid) => !killed.has(pid) && isMapped(pid, '/vae/'));
      if (engine === undefined || finishedRows(out) < 3 * (killed.size + 1)) continue;
      if (signal(engine, 'SIGKILL')) killed.add(engine);
    }
    await run.done;
    const results = readResults(out);
    expect(results.map(({ row_number_per_file: row }) => row)).toEqual(rows.map((_, index) => index));
    const crashed = results.filter(({ error }) => error?.code === 'ENGINE_CRASHED').length;
    expect(crashed).toBeLessThanOrEqual(killed.size);
    const retried = await runBatch([manifest, '--output-dir', out, '--resume', '--retry-failed', '--quiet']);
    expect(retried.code).toBe(1);
    expect(withoutPlace(readResults(out))).toEqual(withoutPlace((await one()).results));
  },
  240_000,
);

itOnLinux('an engine that dies with several rows in it costs none that was not the cause', async () => {
  const out = join(folder, 'shared-death');
  const some = Array.from({ length: 4 }, (_, index) => ({ ...goodRow, steps: 80, strength: 1, seed: index }));
  const run = startBatch(
    [
      writeRows(join(folder, 'some.jsonl'), some),
      ...['--output-dir', out, '--device', 'cpu', '--batch-size', '4', '--quiet'],
    ],
    { env: holdingEngine({ steps: 80, rows: 4 }) },
  );
  process.kill(await untilHeld(run.process.pid!), 'SIGKILL');
  expect((await run.done).code).toBe(0);
  expect(readResults(out).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
});
