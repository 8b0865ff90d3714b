/** --resume and --retry-failed, row by row. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ResultRecord } from '#src/records/result.js';
import { goldenData } from '../support/golden.js';
import { parseResults, runCli, temporaryFolder, type CliRun } from '../support/run-cli.js';

const folder = temporaryFolder();
const out = join(folder, 'out');
const manifest = join(folder, 'manifest.jsonl');
const settings = { prompt: 'x', strength: 0.5, steps: 2 };
const write = (rows: object[]): void => {
  writeFileSync(manifest, rows.map((row) => JSON.stringify(row)).join('\n'));
};
const run = (...flags: string[]): Promise<CliRun> =>
  runCli(['batch', manifest, '--model', goldenData('models/small-refiner'), '--output-dir', out, ...flags]);
const results = (): ResultRecord[] => parseResults(readFileSync(join(out, 'results.jsonl'), 'utf8'));
const marks = (...names: string[]): number[] => names.map((name) => statSync(join(out, name)).mtimeMs);

beforeAll(async () => {
  for (const name of ['a', 'b', 'c']) copyFileSync(goldenData('images/square-64.png'), join(folder, `${name}.png`));
  write([
    { image: 'a.png', ...settings },
    { image: 'b.png', ...settings },
    { image: 'missing.png', ...settings },
    { image: 'c.png', ...settings, id: 'c' },
  ]);
  expect((await run()).code).toBe(1);
});

it('refines only rows that are new, changed or without their output, in the order of the rows', async () => {
  const before = results();
  const [a, b] = marks('a.png', 'b.png');
  rmSync(join(out, 'c.png'));
  write([
    { image: 'c.png', ...settings, output: 'new.png' },
    { image: 'a.png', ...settings, id: 'renamed' },
    { image: 'b.png', ...settings, steps: 4 },
    { image: 'missing.png', ...settings },
    { image: 'c.png', ...settings, output: 'c.png' },
  ]);
  const { code, stderr } = await run('--resume');
  expect(code).toBe(1);
  expect(stderr).toContain('3 refined, 1 already done (5 rows) in');
  const after = results();
  expect(after.map(({ image_file_name: name, id }) => [name, id])).toEqual([
    ['new.png', null],
    ['a.png', 'renamed'],
    ['b.png', null],
    [null, null],
    ['c.png', null],
  ]);
  expect(marks('a.png')).toEqual([a]);
  expect(marks('b.png')).not.toEqual([b]);
  /* A seed drawn for the first run is the folder's: resumed rows would differ otherwise. */
  expect(new Set(after.map(({ seed }) => seed))).toEqual(new Set([before[0]!.seed]));
  expect(after[1]!.duration_ms).toBe(before[0]!.duration_ms);
});

it('tries failed rows again only when told to', async () => {
  writeFileSync(join(folder, 'missing.png'), 'not a picture');
  await run('--resume');
  expect(results()[3]!.error!.code).toBe('IMAGE_UNDECODABLE');
  const { stderr } = await run('--resume');
  expect(stderr).toContain('0 refined, 4 already done (5 rows) in');
  expect(stderr).toContain('1 that failed in an earlier run was not tried again');
  expect((await run('--retry-failed')).stderr).toContain('0 refined, 4 already done (5 rows) in');
  copyFileSync(goldenData('images/square-64.png'), join(folder, 'missing.png'));
  expect((await run('--resume')).code).toBe(0);
  expect(results().map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
});

it('keeps the results of rows that --limit leaves out', async () => {
  const names = results().map(({ image_file_name: name }) => name);
  expect((await run('--resume', '--limit', '2')).code).toBe(0);
  expect(results().map(({ image_file_name: name }) => name)).toEqual(names);
});

describe('inputs that are not as they were for a while', () => {
  let place = '';
  let count = 0;
  const batch = (...args: string[]): Promise<CliRun> =>
    runCli(['batch', 'm.jsonl', '--model', goldenData('models/small-refiner'), '--output-dir', 'out', ...args], {
      cwd: place,
    });
  const lines = (): string => readFileSync(join(place, 'out/results.jsonl'), 'utf8');
  const pictures = (): string[] => readdirSync(join(place, 'out')).filter((name) => name.endsWith('.png'));
  const rowsTo = (rows: object[]): void => {
    writeFileSync(join(place, 'm.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  };
  beforeEach(() => {
    place = join(folder, `place-${count++}`);
    mkdirSync(join(place, 'share'), { recursive: true });
    for (const name of ['a', 'b', 'c']) {
      copyFileSync(goldenData('images/square-64.png'), join(place, `share/${name}.png`));
    }
  });

  it('cost no finished row: all are done once the pictures are back', async () => {
    rowsTo(['a', 'b', 'c'].map((name) => ({ image: `share/${name}.png`, ...settings })));
    expect((await batch()).code).toBe(0);
    const before = lines();
    renameSync(join(place, 'share'), join(place, 'away'));
    const { code, stderr, stdout } = await batch('--resume', '--json');
    expect([code, lines()]).toEqual([1, before]);
    expect(stderr).toContain('Note: 3 failed rows were finished by an earlier run; their results and pictures stay\n');
    expect(stdout).toContain('"errors":{"IMAGE_NOT_FOUND":3}');
    expect((await batch('--append')).code).toBe(1);
    expect(lines()).toBe(before);
    renameSync(join(place, 'away'), join(place, 'share'));
    expect((await batch('--resume')).stderr).toContain('0 refined, 3 already done (3 rows) in');
  });

  it('are no removed rows: --prune is refused while a row is invalid', async () => {
    const { steps, strength } = settings;
    const rows = ['a', 'b', 'c'].map((name) => ({
      image: `share/${name}.png`,
      steps,
      strength,
      output: `${name}.png`,
    }));
    rowsTo(rows);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(place, `share/${name}.txt`), 'x');
    expect((await batch()).code).toBe(0);
    const before = lines();
    renameSync(join(place, 'share/b.txt'), join(place, 'b.txt'));
    for (const flags of [['--resume', '--prune'], ['--overwrite', '--prune'], ['--resume']]) {
      const { code, stderr } = await batch(...flags);
      expect([code, stderr]).toEqual([
        6,
        expect.stringMatching(
          /A row of the inputs is invalid \(.*prompt.*\(m\.jsonl, line 2\)\).*Correct it.*\[OUTPUT_OTHER_RUN\]/s,
        ),
      ]);
      if (flags.length === 1) expect(stderr).not.toContain('--prune');
    }
    expect([lines(), pictures()]).toEqual([before, ['a.png', 'b.png', 'c.png']]);
    renameSync(join(place, 'b.txt'), join(place, 'share/b.txt'));
    /* An invalid row that never had a picture is in nothing's way. */
    rowsTo([...rows, { ...rows[0], strength: 2, output: 'd.png' }]);
    expect((await batch('--resume', '--prune')).stderr).toContain('3 already done');
    rowsTo(rows.slice(0, 2));
    expect((await batch('--resume', '--prune')).code).toBe(0);
    expect(pictures()).toEqual(['a.png', 'b.png']);
  });

  it('end a run whose manifest lost rows meanwhile, and no line or picture is lost', async () => {
    let onRequest = (): void => undefined;
    const server = createServer((_, response) => {
      onRequest();
      response.setHeader('content-type', 'image/png');
      response.end(readFileSync(goldenData('images/square-64.png')));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const image = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
      /* Manifests are read in pieces, while rows run. */
      const note = 'n'.repeat(300_000);
      const rows = [0, 1, 2, 3, 4, 5].map((row) => ({ image, ...settings, output: `${row}.png`, note }));
      rowsTo(rows);
      const cut = (statSync(join(place, 'm.jsonl')).size / 6) * 4;
      expect((await batch()).code).toBe(0);
      const all = pictures();
      onRequest = () => {
        truncateSync(join(place, 'm.jsonl'), cut);
      };
      const { code, stderr } = await batch('--resume', '--prune', '--guidance-scale', '3');
      expect([code, stderr]).toEqual([3, expect.stringMatching(/found 4 rows instead of 6.*\[MANIFEST_UNREADABLE\]/s)]);
      const listed = parseResults(lines()).map(({ image_file_name: name }) => name);
      expect([pictures(), listed.sort()]).toEqual([all, all]);
      onRequest = () => undefined;
      rowsTo(rows);
      expect((await batch('--resume', '--guidance-scale', '3')).stderr).toContain('2 refined, 4 already done (6 rows)');
      /* A fresh run too, since not every row is ok. */
      onRequest = () => {
        truncateSync(join(place, 'm.jsonl'), cut);
      };
      expect((await batch('--overwrite')).code).toBe(3);
    } finally {
      server.close();
    }
  });
});

it('refuses --resume with --overwrite', async () => {
  const { code, stderr } = await run('--resume', '--overwrite');
  expect(code).toBe(2);
  expect(stderr).toContain('[USAGE_CONFLICT]');
});
