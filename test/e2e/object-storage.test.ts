/** Runs from and into object storage, at an emulator of S3 that this test starts. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { openStore } from '#src/io/store/open-store.js';
import type { Store } from '#src/io/store/store.js';
import {
  goodRow,
  picture,
  quick,
  readResults,
  runBatch,
  slowRow,
  startBatch,
  toJsonl,
  workFolder,
} from '../support/batch.js';
import { missingEmulator, startMoto, type Emulator } from '../support/emulators.js';
import { waitFor } from '../support/processes.js';
import { parseResults, runCli, type CliOptions, type CliRun } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';
import type { ResultRecord } from '#src/records/result.js';
import { okRecord } from '../unit/run/results/records.js';

const reason = missingEmulator('s3');
const { it: itWithStore } = skipWhere(reason);
if (reason !== null) itWithStore('refines pictures in object storage', () => undefined);
else {
  const folder = workFolder();
  let emulator: Emulator;
  const inFolder = (): CliOptions => ({ cwd: folder, env: { ...env, ...emulator.env } });
  let buckets = 0;
  let bucket: string;
  let store: Store;
  const MAX = { maxBytes: 2 ** 24 };
  beforeAll(async () => {
    emulator = await startMoto();
    Object.assign(env, emulator.env);
  });
  afterAll(() => emulator.stop());
  beforeEach(async () => {
    bucket = `bucket-${++buckets}`;
    await emulator.makeBucket(bucket);
    store = await openStore(`s3://${bucket}`);
  });
  const put = (name: string, data: string | Buffer): Promise<void> => store.write(name, Buffer.from(data));
  const run = (args: string[]): Promise<CliRun> => runBatch([...args, '--json'], inFolder());
  const names = async (prefix = ''): Promise<string[]> => {
    const all: string[] = [];
    for await (const { name } of store.list(prefix)) all.push(name);
    return all;
  };
  const resultsAt = async (name: string): Promise<ResultRecord[]> =>
    parseResults(Buffer.from(await store.read(name, MAX)).toString());
  /** Without what differs between runs of the same rows. */
  const lasting = (records: readonly ResultRecord[]): unknown[] =>
    records.map((record) => ({ ...record, duration_ms: null, image: record.image?.split('/').at(-1) }));
  const tenRows = Array.from({ length: 10 }, (_, at) => ({
    ...goodRow,
    seed: at,
    image: 'a.png',
    output: `${at}.png`,
  }));

  it('refines the pictures under a prefix into another, as in folders', async () => {
    const bytes = readFileSync(picture('square-64'));
    for (const name of ['in/b.png', 'in/été 猫.png', 'in/sub/c.png', 'in/.hidden.png', 'in/notes.pdf'])
      await put(name, bytes);
    const args = ['--prompt', 'x', '--steps', '2', '--strength', '0.5', '--seed', '1', '--recursive'];
    const { code, stdout, stderr } = await run([`s3://${bucket}/in/`, ...args, '--output-dir', `s3://${bucket}/out/`]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 other file skipped')]);
    expect(stdout).toContain(`"results":"s3://${bucket}/out/results.jsonl"`);
    expect(await names('out/')).toEqual([
      'out/.sdxl-refine/run.json',
      'out/b.png',
      'out/results.jsonl',
      'out/sub/c.png',
      'out/été 猫.png',
    ]);
    const records = await resultsAt('out/results.jsonl');
    expect(records.map(({ status, image }) => [status, image])).toEqual([
      ['ok', `s3://${bucket}/in/b.png`],
      ['ok', `s3://${bucket}/in/sub/c.png`],
      ['ok', `s3://${bucket}/in/été 猫.png`],
    ]);
    const { sha256 } = (await store.stat('out/b.png'))!;
    expect(sha256).toBe(
      createHash('sha256')
        .update(await store.read('out/b.png', MAX))
        .digest('hex'),
    );
    expect(sha256).toBe(records[0]!.output_sha256);
    const again = await run([`s3://${bucket}/in/`, ...args, '--output-dir', `s3://${bucket}/out/`]);
    expect([again.code, again.stderr]).toEqual([6, expect.stringContaining('OUTPUT_EXISTS')]);
    const resumed = await run([`s3://${bucket}/in/`, ...args, '--output-dir', `s3://${bucket}/out/`, '--resume']);
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.stringContaining('0 refined, 3 already done')]);
    expect(lasting(await resultsAt('out/results.jsonl'))).toEqual(lasting(records));
  });

  it('reads a manifest with names beside it, into a folder; a name cannot leave the store', async () => {
    await put('m/a.png', readFileSync(picture('square-64')));
    const rows = [
      'a.png',
      './a.png',
      '../a.png',
      '/etc/hostname',
      'file:///etc/hostname',
      'none.png',
      `s3://${bucket}/m/a.png`,
    ];
    await put('m/rows.jsonl', toJsonl(rows.map((image, at) => ({ ...quick, image, output: `${at}.png` }))));
    const out = join(folder, 'from-store');
    expect((await run([`s3://${bucket}/m/rows.jsonl`, '--output-dir', out])).code).toBe(1);
    expect(readResults(out).map(({ status, error }) => error?.code ?? status)).toEqual([
      ...['ok', 'ok', 'ROW_FIELD_INVALID', 'ROW_FIELD_INVALID', 'ROW_FIELD_INVALID', 'IMAGE_NOT_FOUND', 'ok'],
    ]);
  });

  it('loses nothing by kills, and leaves nothing half there', async () => {
    await put('a.png', readFileSync(picture('square-64')));
    await put('rows.jsonl', toJsonl(tenRows));
    const args = [`s3://${bucket}/rows.jsonl`, '--predictions-csv', `s3://${bucket}/p.csv`];
    expect((await run([...args, '--output-dir', `s3://${bucket}/calm`])).code).toBe(0);
    await store.remove('p.csv');
    const shaken = [...args, '--output-dir', `s3://${bucket}/shaken`];
    for (const pictures of [1, 4, 7]) {
      const running = startBatch([...shaken, '--resume'], { ...inFolder(), detached: true });
      await waitFor(`${pictures} pictures`, async () => {
        const written = (await names('shaken/')).filter((name) => name.endsWith('.png'));
        return written.length >= pictures || running.process.exitCode !== null;
      });
      running.process.kill('SIGKILL');
      await running.done;
      for (const name of (await names('shaken/')).filter((one) => one.endsWith('.png'))) {
        const bytes = await store.read(name, MAX);
        expect((await store.stat(name))?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
        expect(bytes).toEqual(await store.read(name.replace('shaken', 'calm'), MAX));
      }
    }
    const last = await run([...shaken, '--resume']);
    expect([last.code, last.stderr]).toEqual([0, expect.stringContaining('(10 rows)')]);
    const [calm, after] = [await resultsAt('calm/results.jsonl'), await resultsAt('shaken/results.jsonl')];
    expect(lasting(after)).toEqual(lasting(calm));
    expect((await names('shaken/.sdxl-refine/')).sort()).toEqual(['shaken/.sdxl-refine/run.json']);
    expect(
      Buffer.from(await store.read('p.csv', MAX))
        .toString()
        .split('\n'),
    ).toHaveLength(11);
  });

  it('does not replace the object of another, and takes its own for done', async () => {
    await put('a.png', readFileSync(picture('square-64')));
    await put('rows.jsonl', toJsonl(tenRows.slice(0, 2)));
    const args = [`s3://${bucket}/rows.jsonl`, '--output-dir', `s3://${bucket}/out`];
    await put('out/0.png', 'of another');
    const fresh = await run(args);
    expect([fresh.code, fresh.stderr]).toEqual([6, expect.stringContaining('found 0.png')]);
    /* Without results, there is no run to continue: what is there stays. */
    const resumed = await run([...args, '--resume']);
    expect(resumed.code).toBe(1);
    expect((await resultsAt('out/results.jsonl')).map(({ error, status }) => error?.code ?? status)).toEqual([
      'OUTPUT_TAKEN',
      'ok',
    ]);
    expect(Buffer.from(await store.read('out/0.png', MAX)).toString()).toBe('of another');
    expect((await run([...args, '--overwrite'])).code).toBe(0);
    expect((await store.stat('out/0.png'))!.sha256).toBe((await resultsAt('out/results.jsonl'))[0]!.output_sha256);
  });

  it('refuses a second run at the same time, and outputs over inputs', async () => {
    await put('in/a.png', readFileSync(slowRow.image));
    await put('in/rows.jsonl', toJsonl([{ ...slowRow, image: 'a.png', output: 'x.png' }]));
    const args = [`s3://${bucket}/in/rows.jsonl`, '--output-dir', `s3://${bucket}/out`];
    const first = startBatch(args, inFolder());
    await waitFor('the lock of the first', async () => (await names('out/')).includes('out/.sdxl-refine/lock.json'));
    const second = await run(args);
    expect([second.code, second.stderr]).toEqual([6, expect.stringContaining('OUTPUT_LOCKED')]);
    first.process.kill('SIGTERM');
    expect((await first.done).code).toBe(130);
    expect(await names('out/')).not.toContain('out/.sdxl-refine/lock.json');
    const onto = await run([
      `s3://${bucket}/in/a.png`,
      '--prompt',
      'x',
      '--output-dir',
      `s3://${bucket}/in`,
      '--overwrite',
    ]);
    expect([onto.code, onto.stderr]).toEqual([1, expect.stringContaining('OUTPUT_IS_INPUT')]);
  });

  it('compares results in the store', async () => {
    await put('in/a.png', readFileSync(picture('square-64')));
    await put('in/rows.jsonl', toJsonl(tenRows.slice(0, 2)));
    await run([`s3://${bucket}/in/rows.jsonl`, '--output-dir', `s3://${bucket}/out`]);
    const compared = await runCli(['compare', `s3://${bucket}/out`, '--inputs', `s3://${bucket}/in`], inFolder());
    expect(compared).toMatchObject({
      code: 0,
      stdout: `s3://${bucket}/out/compare.html\ns3://${bucket}/out/contact-sheet.png\n`,
      stderr: '2 rows: 2 ok\n',
    });
    const page = Buffer.from(await store.read('out/compare.html', MAX)).toString();
    expect(page.match(/data:image\/webp/g)).toHaveLength(4);
    const local = ['--output', 'page.html', '--sheet', `s3://${bucket}/out/0.png`];
    const refused = await runCli(['compare', `s3://${bucket}/out`, ...local], inFolder());
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('OUTPUT_EXISTS')]);
  });

  it('merges shards in the store, with what their journals have', async () => {
    const rows = Array.from({ length: 6 }, (_, row) => ({
      ...okRecord(),
      row_number_per_file: row,
      image: `${row}.png`,
    }));
    const lines = rows.map((row) => ({ ...row, image_file_name: `out-${row.row_number_per_file}.png` }));
    const shard = (odd: number) => lines.filter(({ row_number_per_file: row }) => row % 2 === odd);
    await put('out/results-1-of-2.jsonl', toJsonl(shard(0)));
    await put('out/.sdxl-refine/journal-2-of-2/none-00000000.jsonl', toJsonl(shard(1)));
    const state = { seed: 1, inputs: ['/m.jsonl'], isFinished: false };
    await put('out/.sdxl-refine/run-2-of-2.json', JSON.stringify(state));
    const merge = (...args: string[]): Promise<CliRun> => runCli(['merge', `s3://${bucket}/out`, ...args], inFolder());
    const refused = await merge();
    expect([refused.code, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/of s3:.*2-of-2\.jsonl has not finished/),
    ]);
    const csv = `s3://${bucket}/p.csv`;
    const merged = await merge('--allow-holes', '--rows', '6', '--predictions-csv', csv);
    expect([merged.code, merged.stdout]).toEqual([0, `s3://${bucket}/out/results.jsonl\n`]);
    expect(await resultsAt('out/results.jsonl')).toEqual(lines);
    expect(Buffer.from(await store.read('p.csv', MAX)).toString()).toContain('5,out-5.png,,manifest.jsonl\n');
    expect((await merge('--allow-holes')).code).toBe(6);
    const slip = await runCli(
      ['merge', `s3://${bucket}/slip/results.jsonl`, '-o', join(folder, 'none.jsonl')],
      inFolder(),
    );
    expect([slip.code, slip.stderr]).toEqual([3, expect.stringContaining('it has no results.jsonl')]);
    expect(await names('out/.sdxl-refine/')).toHaveLength(2);
  });

  it.each([
    ['s3://no-such-bucket/rows.jsonl', 'STORE_MISSING', 6],
    ['s3a://bucket/rows.jsonl', 'STORE_URI_INVALID', 2],
    ['s3://key:geheim@bucket/rows.jsonl', 'STORE_URI_INVALID', 2],
    ['s3://bucket/*.png', 'MANIFEST_UNREADABLE', 3],
  ])('refuses %s with %s', async (uri, code, exitCode) => {
    const { code: found, stderr } = await run([uri, '--output-dir', join(folder, 'never')]);
    expect([found, stderr]).toEqual([exitCode, expect.stringContaining(code)]);
    expect(stderr).not.toContain('geheim');
  });
}
