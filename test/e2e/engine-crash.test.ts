/** The engine's death costs the row that it was at, and no other. */
import { existsSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  goodRow,
  picture,
  quick,
  readPixels,
  readResults,
  slowRow,
  startBatch,
  workFolder,
  writeRows,
} from '../support/batch.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { childrenOf, isRunning, waitFor } from '../support/processes.js';
import { withServer } from '../support/with-server.js';

const folder = workFolder();

const waitForRows = (out: string, rows: number): Promise<true> =>
  waitFor(`${rows} rows`, () => {
    const path = join(out, 'results.jsonl');
    return existsSync(path) && readFileSync(path, 'utf8').split('\n').length > rows;
  });

itOnLinux('killed in the middle of a row, it fails that row; the next row finds a new one', async () => {
  const out = join(folder, 'busy');
  const rows = [goodRow, slowRow, goodRow, goodRow];
  const run = startBatch([writeRows(join(folder, 'busy.jsonl'), rows), '--output-dir', out]);
  await waitForRows(out, 1);
  const [engine] = childrenOf(run.process.pid!);
  /* The slow row was decoded ahead, so it is in the engine by now; a moment more makes sure. */
  await sleep(500);
  process.kill(engine!, 'SIGKILL');
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
  expect(existsSync(join(out, 'square-128.png'))).toBe(false);
});

itOnLinux('killed while no row is in it, it costs no row', async () => {
  let answer: (() => void) | undefined;
  const late: RequestListener = (_, response) => {
    answer = () => response.end(readFileSync(picture('square-64')));
  };
  await withServer(late, async (url) => {
    const out = join(folder, 'idle');
    const rows = [goodRow, { ...quick, image: `${url}/late.png` }, goodRow];
    const run = startBatch([writeRows(join(folder, 'idle.jsonl'), rows), '--output-dir', out, '--quiet']);
    await waitForRows(out, 1);
    const respond = await waitFor('the request', () => answer);
    const [engine] = childrenOf(run.process.pid!);
    process.kill(engine!, 'SIGKILL');
    await waitFor('the end of the engine', () => !isRunning(engine!));
    respond();
    expect(await run.done).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(readResults(out).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
  });
});
