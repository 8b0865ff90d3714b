import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefineError } from '#src/errors.js';
import type { ResultRecord } from '#src/records/result.js';
import type { RunState } from '#src/run/results/run-state.js';
import { findResultFiles } from '#src/run/results/merge/find-result-files.js';
import { mergeResults, type MergeOptions } from '#src/run/results/merge/merge-results.js';
import { failedRecord, folder as newFolder, okRecord } from '../records.js';

const record = (input: string, row: number, change: Partial<ResultRecord> = {}): ResultRecord => ({
  ...okRecord(),
  input_csv_name: input,
  row_number_per_file: row,
  image: `${input}-${row}.jpg`,
  image_file_name: `${input}-${row}.png`,
  ...change,
});
const textOf = (records: readonly ResultRecord[]): string =>
  records.map((line) => `${JSON.stringify(line)}\n`).join('');
const rowsOf = (input: string, count: number): ResultRecord[] =>
  Array.from({ length: count }, (_, row) => record(input, row));

/** Writes files of a folder by name. @returns the folder */
const write = (files: Record<string, string | readonly ResultRecord[]>): string => {
  const folder = newFolder();
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(folder, name), typeof lines === 'string' ? lines : textOf(lines));
  return folder;
};
/** The records of each shard, in order. */
const divide = (records: readonly ResultRecord[], count: number, shardOf: (at: number) => number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, shard) => [
      `results-${shard + 1}-of-${count}.jsonl`,
      records.filter((_record, at) => shardOf(at) === shard),
    ]),
  );
const state = (change: Partial<RunState>): string => JSON.stringify({ seed: 1, inputs: ['/a/m.jsonl'], ...change });

const { signal } = new AbortController();
const noFolder = { signal, makeFolder: () => Promise.reject<string>(new Error('no file is in object storage')) };

const merge = async (inputs: readonly string[], cwd: string, options: Partial<MergeOptions> = {}) => {
  const output = join(cwd, 'merged.jsonl');
  const faults: string[] = [];
  const merged = await mergeResults({
    files: await findResultFiles(inputs, cwd, noFolder),
    output,
    replaces: false,
    keep: null,
    ...{ allowsHoles: false, allowsMixed: false },
    ...{ rows: null, signal },
    onInvalidLine: ({ line, what }) => faults.push(`${line} ${what}`),
    report: () => undefined,
    ...options,
  });
  return { ...merged, faults, text: readFileSync(output, 'utf8') };
};
/** The message of a refused merge, which leaves no file. */
const refusal = async (
  code: string,
  inputs: readonly string[],
  cwd: string,
  options: Partial<MergeOptions> = {},
): Promise<string> => {
  const before = readdirSync(cwd);
  const thrown: unknown = await merge(inputs, cwd, options).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code });
  expect(readdirSync(cwd)).toEqual(before);
  return (thrown as Error).message;
};

describe('order', () => {
  it('brings shards of several inputs into the order of the inputs, byte for byte', async () => {
    const extra = { extra: { long: 'x'.repeat(3 * 2 ** 20), 'sep\u2028': null, unknown: 1.5 } };
    const all = [...rowsOf('z.jsonl', 50), ...rowsOf('a.jsonl', 40), record('a.jsonl', 40, extra), ...rowsOf('m', 3)];
    const cwd = write(divide(all, 4, (at) => (at * 7 + Math.floor(at / 5)) % 4));
    const { text, summary } = await merge(['.'], cwd, { rows: 94 });
    expect(text).toBe(textOf(all));
    expect(summary).toMatchObject({ rows: 94, ok: 94 });
  });

  it('joins chunks, in whichever order they are named', async () => {
    const all = rowsOf('m.jsonl', 30);
    const cwd = write({ 'c1.jsonl': all.slice(0, 10), 'c2.jsonl': all.slice(10, 20), 'c3.jsonl': all.slice(20) });
    expect((await merge(['c3.jsonl', 'c1.jsonl', 'c2.jsonl'], cwd)).text).toBe(textOf(all));
    expect((await merge(['c[123].jsonl'], cwd, { replaces: true })).text).toBe(textOf(all));
    const queue = write({ '000000001.jsonl': all.slice(10), '000000000.jsonl': all.slice(0, 10), 'other.jsonl': '' });
    expect((await merge(['.'], queue)).text).toBe(textOf(all));
  });

  it('orders pictures of the command line by name, since each is an input in one shard', async () => {
    const all = ['a.png', 'b.png', 'c.png', 'd.png', 'e.png'].map((name) => record(name, 0));
    const cwd = write(divide(all, 2, (at) => (at === 1 || at === 2 ? 0 : 1)));
    expect((await merge(['.'], cwd)).text).toBe(textOf(all));
  });

  it('takes the newest line of a row from the journal of a run that was resumed and killed', async () => {
    const old = rowsOf('m.jsonl', 6).map((line) => ({ ...line, duration_ms: 1 }));
    const redone = rowsOf('m.jsonl', 4).map((line) => ({ ...line, duration_ms: 2, prompt: 'changed' }));
    const cwd = write({ 'results.jsonl': `${textOf(old)}\n${textOf(redone)}{"row_number_per_file":4,"ima` });
    expect((await merge(['results.jsonl'], cwd)).text).toBe(textOf([...redone, ...old.slice(4)]));
  });

  it('keeps the pictures of one prompt apart', async () => {
    const all = rowsOf('p.jsonl', 4).flatMap((line) =>
      [5, 6, 7].map((seed) => ({
        ...line,
        mode: 'base' as const,
        image: null,
        seed,
        image_file_name: `${line.row_number_per_file}-${seed}.png`,
      })),
    );
    const cwd = write(divide(all, 2, (at) => (at % 5 < 2 ? 0 : 1)));
    expect((await merge(['.'], cwd)).text).toBe(textOf(all));
  });

  it('agrees with any division, resumed or not', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      let random = seed;
      const next = (below: number): number => (random = (random * 48271) % 2147483647) % below;
      const all = [...rowsOf('b', next(30)), ...rowsOf('a', next(30)), ...rowsOf('c', 1 + next(9))];
      const count = 1 + next(5);
      const shards = all.map(() => next(count));
      const files = divide(all, count, (at) => shards[at] ?? 0);
      const resumed = Object.entries(files).map(([name, lines]) => {
        const stop = next(lines.length + 1);
        return [name, [...lines.slice(0, stop).map((line) => ({ ...line, duration_ms: 9 })), ...lines]] as const;
      });
      expect((await merge(['.'], write(Object.fromEntries(resumed)))).text).toBe(textOf(all));
    }
  });
});

describe('lines that are no results', () => {
  it('are named and left out', async () => {
    const [first, second] = [record('m', 0), record('m', 1)];
    const cwd = write({ 'results.jsonl': `{oops\n${textOf([first])}\n7\n${textOf([second])}` });
    const { text, faults } = await merge(['results.jsonl'], cwd);
    expect(text).toBe(textOf([first, second]));
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual(['1', '4']);
  });
});

describe('holes', () => {
  const all = rowsOf('m.jsonl', 12);
  const shards = divide(all, 3, (at) => at % 3);

  it('names missing rows, and the shard that has no file', async () => {
    const cwd = write(shards);
    const message = await refusal('MERGE_HOLES', ['results-1-of-3.jsonl', 'results-3-of-3.jsonl'], cwd);
    expect(message).toContain('4 rows are missing: row 1 of m.jsonl, row 4 of m.jsonl');
    expect(message).toContain('results-2-of-3.jsonl is not among the files');
    const { text, holes } = await merge(['results-[13]*'], cwd, { allowsHoles: true });
    expect(text).toBe(textOf(all.filter((_, at) => at % 3 !== 1)));
    expect(holes).toHaveLength(2);
  });

  it('finds a range, and a run that has not finished', async () => {
    const kept = all.filter((_, at) => at < 3 || at > 7);
    const cwd = write({ 'results.jsonl': kept, '.sdxl-refine-run.json': state({ isFinished: false }) });
    const message = await refusal('MERGE_HOLES', ['.'], cwd);
    expect(message).toMatch(
      /5 rows are missing: rows 3 to 7 of m\.jsonl; the run of \S+results\.jsonl has not finished/,
    );
  });

  it('finds a missing end by the number of rows', async () => {
    const cwd = write({ 'results.jsonl': all });
    expect(await refusal('MERGE_HOLES', ['.'], cwd, { rows: 13 })).toContain('12 of 13 rows are there');
  });
});

describe('doubles', () => {
  const [first, second, third] = rowsOf('m.jsonl', 3) as [ResultRecord, ResultRecord, ResultRecord];
  const failed = {
    ...failedRecord(),
    input_csv_name: 'm.jsonl',
    row_number_per_file: 1,
    image: second.image,
    id: second.id,
    prompt: second.prompt,
  };
  const redone = { ...third, duration_ms: 77 };
  const files = { 'a.jsonl': [first, failed, third], 'b.jsonl': [second, redone] };

  it('are refused, with their rows and files', async () => {
    const cwd = write(files);
    const message = await refusal('MERGE_DOUBLES', ['a.jsonl', 'b.jsonl'], cwd);
    expect(message).toMatch(/found 2 in several: row 1 of m\.jsonl in \S+a\.jsonl, \S+b\.jsonl, row 2 of m\.jsonl in/);
  });

  it.each([
    ['first', [first, failed, third]],
    ['last', [first, second, redone]],
    ['ok', [first, second, third]],
  ] as const)('--keep %s', async (keep, lines) => {
    const { text, doubles } = await merge(['a.jsonl', 'b.jsonl'], write(files), { keep });
    expect(text).toBe(textOf(lines));
    expect(doubles).toBe(2);
  });

  it('are not made by naming a file twice', async () => {
    const cwd = write({ 'a.jsonl': [first, second] });
    expect((await merge(['a.jsonl', '*.jsonl', join(cwd, 'a.jsonl')], cwd)).text).toBe(textOf([first, second]));
  });
});

describe('results of different runs', () => {
  const all = rowsOf('m.jsonl', 4);

  it.each<[what: string, files: Record<string, string | readonly ResultRecord[]>, message: RegExp]>([
    [
      'models',
      divide(
        all.map((line, at) => ({ ...line, model: at > 1 ? 'other' : 'tiny' })),
        2,
        (at) => at % 2,
      ),
      /one model, found "tiny" \(\S+results-1-of-2\.jsonl:1\) and "other" \(\S+results-1-of-2\.jsonl:2\)/,
    ],
    [
      'divisions',
      { ...divide(all, 2, (at) => at % 2), 'results-1-of-3.jsonl': [] },
      /found \S+results-1-of-2\.jsonl \(n = 2\) and \S+results-1-of-3\.jsonl \(n = 3\)/,
    ],
    [
      'inputs',
      {
        ...divide(all, 2, (at) => at % 2),
        '.sdxl-refine-run-1-of-2.json': state({}),
        '.sdxl-refine-run-2-of-2.json': state({ inputs: ['/b/n.jsonl'] }),
      },
      /those of m\.jsonl in \S+ and of n\.jsonl in /,
    ],
    [
      'manifests of one name',
      {
        'results-1-of-2.jsonl': all,
        'results-2-of-2.jsonl': [record('m.jsonl', 2, { image: 'x', image_file_name: 'x' })],
      },
      /one row 2 of m\.jsonl, found different ones: "m\.jsonl-2\.png" in \S+ and "x" in /,
    ],
  ])('are refused: %s', async (_, files, message) => {
    const cwd = write(files);
    expect(await refusal('MERGE_MIXED', ['.'], cwd)).toMatch(message);
    expect((await merge(['.'], cwd, { allowsMixed: true, allowsHoles: true })).summary.rows).toBeGreaterThan(3);
  });

  it('are not refused where only the folders of the manifest differ', async () => {
    const states = {
      '.sdxl-refine-run-1-of-2.json': state({ isFinished: true }),
      '.sdxl-refine-run-2-of-2.json': state({ inputs: ['/mnt/disk/m.jsonl'] }),
    };
    expect((await merge(['.'], write({ ...divide(all, 2, (at) => at % 2), ...states }))).summary.rows).toBe(4);
  });
});

it('replaces no file, unless told', async () => {
  const cwd = write({ 'results.jsonl': rowsOf('m', 2), 'merged.jsonl': 'mine' });
  await expect(merge(['results.jsonl'], cwd)).rejects.toMatchObject({ code: 'OUTPUT_TAKEN' });
  expect(readFileSync(join(cwd, 'merged.jsonl'), 'utf8')).toBe('mine');
  expect((await merge(['results.jsonl'], cwd, { replaces: true })).text).toBe(textOf(rowsOf('m', 2)));
});

it('stops when it is told, and leaves nothing', async () => {
  const reason = new RefineError('CANCELLED', 'stop');
  await refusal('CANCELLED', ['.'], write({ 'results.jsonl': rowsOf('m', 2) }), { signal: AbortSignal.abort(reason) });
});

it.each(['nowhere.jsonl', 'no*.jsonl', '.'])('says what it expects instead of %s', async (input) => {
  await expect(findResultFiles([input], write({}), noFolder)).rejects.toMatchObject({
    code: 'MANIFEST_UNREADABLE',
    message: expect.stringMatching(/Name what batch wrote/) as string,
  });
});
