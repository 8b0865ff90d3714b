/** The engine's death costs the row that it was at, and no other. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  finishedRows,
  goodRow,
  quick,
  readPixels,
  readResults,
  slowRow,
  startBatch,
  workFolder,
  writeRows,
} from '../support/batch.js';
import { holdingEngine, untilHeld } from '../support/holding-engine.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { withLatePicture } from '../support/late-picture.js';
import { childrenOf, isRunning, waitFor } from '../support/processes.js';

const folder = workFolder();

itOnLinux('killed in the middle of a row, it fails that row; the next row finds a new one', async () => {
  const out = join(folder, 'busy');
  const rows = [goodRow, slowRow, goodRow, goodRow];
  const manifest = writeRows(join(folder, 'busy.jsonl'), rows);
  const run = startBatch([manifest, '--output-dir', out], { env: holdingEngine() });
  process.kill(await untilHeld(run.process.pid!), 'SIGKILL');
  const { code, stdout, stderr } = await run.done;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/3 of 4 rows refined.*\n1 failed: ENGINE_CRASHED 1\n/);
  const results = readResults(out);
  expect(results.map(({ status, error }) => error?.code ?? status)).toEqual(['ok', 'ENGINE_CRASHED', 'ok', 'ok']);
  expect(results[1]).toMatchObject({
    image_file_name: null,
    error: { message: expect.stringMatching(/SIGKILL.*memory/) },
  });
  const first = await readPixels(join(out, 'square-64.png'));
  for (const name of ['square-64-2.png', 'square-64-3.png']) expect(await readPixels(join(out, name))).toEqual(first);
  expect(existsSync(join(out, 'square-256.png'))).toBe(false);
});

itOnLinux('killed while no row is in it, it costs no row', async () => {
  await withLatePicture(async ({ url, answer }) => {
    const out = join(folder, 'idle');
    const rows = [goodRow, { ...quick, image: url }, goodRow];
    const run = startBatch([writeRows(join(folder, 'idle.jsonl'), rows), '--output-dir', out, '--quiet']);
    await waitFor('the first row', () => finishedRows(out) === 1);
    const [engine] = childrenOf(run.process.pid!);
    process.kill(engine!, 'SIGKILL');
    await waitFor('the end of the engine', () => !isRunning(engine!));
    await answer();
    expect(await run.done).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(readResults(out).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
  });
});
