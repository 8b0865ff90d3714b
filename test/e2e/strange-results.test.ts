/** Results of a folder with lines that no run wrote: they are named and passed over, and cost nothing that is ours. */
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { model, picture, quick, readResults, workFolder, writeRows } from '../support/batch.js';
import { runCli, type CliRun } from '../support/run-cli.js';

const folder = workFolder();
const rowOf = (name: string): object => ({ image: picture('square-64'), ...quick, output: `${name}.png` });
writeRows(join(folder, 'm.jsonl'), ['a', 'b', 'c'].map(rowOf));
writeRows(join(folder, 'n.jsonl'), [rowOf('d')]);
const batch = (...args: string[]): Promise<CliRun> => runCli(['batch', '--model', model, ...args], { cwd: folder });
const marks = (out: string): number[] =>
  ['a', 'b', 'c'].map((name) => statSync(join(folder, out, `${name}.png`)).mtimeMs);

const STRANGE = ['{oops', '[]', 'null', '7', '{"status":"ok"}', '\0\0', '\u001b[2Jx'];
let lines: string[];
/** A finished run whose results have them all. @returns the folder's name */
const strangeRun = (name: string): string => {
  cpSync(join(folder, 'whole'), join(folder, name), { recursive: true, preserveTimestamps: true });
  const all = [lines[0], ...STRANGE, lines[1]?.replace('"ok"', '5'), lines[1], lines[2], ...STRANGE, ''];
  writeFileSync(join(folder, name, 'results.jsonl'), all.join('\n'));
  return name;
};
/** Notes, by line. */
const named = (stderr: string): number[] =>
  [...stderr.matchAll(/results\.jsonl:(\d+): expected a result of a run, found a line that /g)].map(([, at]) =>
    Number(at),
  );

beforeAll(async () => {
  expect((await batch('m.jsonl', '--output-dir', 'whole')).code).toBe(0);
  lines = readFileSync(join(folder, 'whole/results.jsonl'), 'utf8').trimEnd().split('\n');
});

it('--resume takes over finished rows, and moves the other lines to a file of their own', async () => {
  const out = strangeRun('resumed');
  const before = marks(out);
  const run = await batch('m.jsonl', '--output-dir', out, '--resume', '--predictions-csv', 'p.csv');
  expect(run.code).toBe(0);
  expect(named(run.stderr)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 12, 13]);
  expect(run.stderr).toContain('and 5 more lines that are not results');
  expect(run.stderr).not.toContain('\u001b');
  expect(run.stderr).toContain('0 refined, 3 already done (3 rows)');
  expect(marks(out)).toEqual(before);
  expect(readResults(join(folder, out)).map((row) => row.image_file_name)).toEqual(['a.png', 'b.png', 'c.png']);
  expect(readFileSync(join(folder, 'p.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(3);
  const aside = readdirSync(join(folder, out)).filter((name) => name.startsWith('.sdxl-refine-passed-over-'));
  expect(aside).toHaveLength(1);
  expect(run.stderr).toContain(aside[0]);
  const kept = readFileSync(join(folder, out, aside[0]!), 'utf8');
  expect(kept).toBe([...STRANGE, lines[1]!.replace('"ok"', '5'), ...STRANGE, ''].join('\n'));
  const again = await batch('m.jsonl', '--output-dir', out, '--resume');
  expect([again.code, named(again.stderr)]).toEqual([0, []]);
  expect(marks(out)).toEqual(before);
});

it('--append leaves them where they are', async () => {
  const out = strangeRun('appended');
  const before = readFileSync(join(folder, out, 'results.jsonl'), 'utf8');
  const run = await batch('n.jsonl', '--output-dir', out, '--append', '--predictions-csv', 'q.csv');
  expect([run.code, named(run.stderr).length]).toEqual([0, 10]);
  expect(readFileSync(join(folder, out, 'results.jsonl'), 'utf8').startsWith(before)).toBe(true);
  expect(readFileSync(join(folder, 'q.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(4);
});

it('so do a dry run, a run that begins anew and one that is refused', async () => {
  const out = strangeRun('others');
  const manifest = ['m.jsonl', '--output-dir', out];
  const dry = await batch(...manifest, '--resume', '--dry-run');
  expect([dry.code, named(dry.stderr)]).toEqual([0, [2, 3, 4, 5, 6, 7, 8, 9, 12, 13]]);
  expect(dry.stderr).toContain('and 5 more lines that are not results');
  expect(await batch(...manifest, '--resume', '--dry-run', '--quiet')).toMatchObject({ code: 0, stderr: '' });
  expect(await batch(...manifest)).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('[OUTPUT_EXISTS]') as string,
  });
  expect(await batch('n.jsonl', '--output-dir', out, '--resume')).toMatchObject({ code: 6 });
  expect(await batch(...manifest, '--overwrite', '--limit', '1')).toMatchObject({ code: 0 });
});

it('compare shows the others', async () => {
  const out = strangeRun('compared');
  const run = await runCli(['compare', out, '--json'], { cwd: folder });
  expect(JSON.parse(run.stdout)).toMatchObject({ rows: 3 });
  expect([run.code, named(run.stderr)]).toEqual([0, [2, 3, 4, 5, 6, 7, 8, 9, 12, 13]]);
  expect(run.stderr).not.toContain('\u001b');
});

it.each([
  [
    'a picture',
    (path: string) => {
      cpSync(picture('square-64'), path);
    },
  ],
  [
    'an empty file',
    (path: string) => {
      writeFileSync(path, '');
    },
  ],
  [
    'results that nobody wrote',
    (path: string) => {
      writeFileSync(path, STRANGE.join('\n'));
    },
  ],
])('compare refuses %s, which holds no result', async (_what, put) => {
  const path = join(folder, 'results of nothing.jsonl');
  put(path);
  const run = await runCli(['compare', path], { cwd: folder });
  expect([run.code, run.stdout]).toEqual([3, '']);
  expect(run.stderr).toMatch(/contains no result\. .*\[MANIFEST_EMPTY\]/);
});

it('a run goes on with results that are all strange, and loses none of them', async () => {
  const out = strangeRun('foreign');
  writeFileSync(join(folder, out, 'results.jsonl'), STRANGE.join('\n'));
  const run = await batch('m.jsonl', '--output-dir', out, '--resume');
  expect(run.code).toBe(0);
  expect(readResults(join(folder, out))).toHaveLength(3);
  const aside = readdirSync(join(folder, out)).find((name) => basename(name).startsWith('.sdxl-refine-passed-over-'));
  expect(readFileSync(join(folder, out, aside!), 'utf8')).toBe(`${STRANGE.join('\n')}\n`);
});
