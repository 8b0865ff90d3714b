import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKnownTimes, rememberTimes, type Timed } from '#src/app/cli/known-times.js';
import type { EndedRow, ProcessorContext, RowProcessor } from '#src/run/batch/row-processor.js';

const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-times-'));
const env = { SDXL_REFINE_CACHE: join(folder, 'cache') };
const info = { modelsDigest: 'm', device: 'cuda:0', precision: 'fp16' };
const timed: Timed = { ...info, memory: 'lean', slots: 1 };

const refined = (precision: string, ms: number): EndedRow =>
  ({
    kind: 'refined',
    reply: {
      ...{ precision, width: 1000, height: 1000, engineMs: ms + 10 },
      unetCalls: { samples: 1, cached: 0, ms, cachedMs: 0 },
    },
  }) as unknown as EndedRow;

const run = async (rows: readonly EndedRow[], own: Readonly<Record<string, string>> = env): Promise<void> => {
  const processor = {
    slots: () => 1,
    open: () => Promise.resolve(info),
    async *run() {
      yield* await Promise.resolve(rows);
    },
  } as unknown as RowProcessor;
  const work = rememberTimes(processor, { memory: 'lean', env: own });
  await work.open(new AbortController().signal);
  for await (const _ of work.run([] as never, {} as ProcessorContext));
};

it('remembers what the last run measured, for the same models, device and precision', async () => {
  expect((await readKnownTimes(env))(timed)).toBeNull();
  await run([refined('fp32', 999), refined('fp16', 100)]);
  await run([refined('fp16', 200)]);
  const known = await readKnownTimes(env);
  expect(known(timed)).toEqual({ whole: 200, cached: null, rest: 10 });
  /* Cached weights are for the CPU. */
  expect(known({ ...timed, memory: 'cached' })).not.toBeNull();
  for (const other of [{ device: 'cpu' }, { precision: 'fp32' }, { slots: 4 }, { modelsDigest: 'n' }]) {
    expect(known({ ...timed, ...other })).toBeNull();
  }
});

it('a run without rows, a place where nothing can be written, and a damaged file end nothing', async () => {
  const text = readFileSync(join(env.SDXL_REFINE_CACHE, 'times.json'), 'utf8');
  await run([]);
  expect(readFileSync(join(env.SDXL_REFINE_CACHE, 'times.json'), 'utf8')).toBe(text);
  await run([refined('fp16', 1)], { SDXL_REFINE_CACHE: '/dev/null/x' });
  const damaged = join(folder, 'damaged');
  mkdirSync(damaged);
  for (const content of ['{', '[]', '{"m":{"whole":-1}}', `{"m":${'['.repeat(100)}`]) {
    writeFileSync(join(damaged, 'times.json'), content);
    expect((await readKnownTimes({ SDXL_REFINE_CACHE: damaged }))(timed)).toBeNull();
  }
});
