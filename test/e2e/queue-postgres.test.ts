/** The queue on PostgreSQL, through the same interface as Redis. The long form is bench/fleet.mjs --broker postgres. */
import { join } from 'node:path';
import { goodRow, model, workFolder, writeRows } from '../support/batch.js';
import { missingForPostgres, startPostgres } from '../support/brokers.js';
import { parseResults, runCli } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';

const folder = workFolder();
const { it: itWithPostgres } = skipWhere(missingForPostgres());

itWithPostgres('refines rows on PostgreSQL, also after it vanished for a moment', async () => {
  const postgres = await startPostgres();
  try {
    const queue = ['--queue', postgres.uri];
    const store = join(folder, 'store');
    const rows = [0, 1, 2].map((seed) => ({ ...goodRow, seed, output: `${seed}.png` }));
    const manifest = writeRows(join(folder, 'rows.jsonl'), rows);
    const place = ['--store', store, '--model', model, '--chunk-rows', '1'];
    expect(await runCli(['enqueue', manifest, ...queue, ...place])).toMatchObject({ code: 0 });
    await postgres.shake(0);
    const work = await runCli(['work', ...queue, '--exit-when-idle', '0', '--quiet']);
    expect(work).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await runCli(['collect', ...queue, '-o', '-', '--quiet']);
    expect(parseResults(stdout).map(({ status, seed }) => [status, seed])).toEqual(
      [0, 1, 2].map((seed) => ['ok', seed]),
    );
    const denied = await runCli(['queue', 'status', '--queue', postgres.uri.replace('tester@', 'nobody:secret@')]);
    expect([denied.code, denied.stderr]).toEqual([5, expect.stringContaining('QUEUE_DENIED')]);
    expect(denied.stderr).not.toContain('secret');
  } finally {
    await postgres.stop();
  }
});
