/** Nothing reaches the engine of a row whose prompt or picture is blocked, and nothing is written of an output that is. */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { createRefineProcessor } from '#src/run/batch/refine-processor.js';
import { runBatch, type BatchOutcome } from '#src/run/batch/run-batch.js';
import { Engine } from '#src/run/engine/engine.js';
import type { ResultRecord } from '#src/records/result.js';
import type { Row } from '#src/records/row.js';
import { openJournal } from '#src/run/results/journal.js';
import { authorizeByKey } from '#src/run/safety/azure-identity.js';
import { AZURE_SCALE, azureScreener } from '#src/run/safety/azure-screener.js';
import { parseBlockAt } from '#src/run/safety/block-at.js';
import { createScreening, type FailMode } from '#src/run/safety/screening.js';
import { model, picture, workFolder } from '../../../support/batch.js';
import { FAKE_KEY, startContentSafety, type FakeContentSafety } from '../../../support/fake-content-safety.js';
import { plainSettings } from '../../../support/settings.js';

const folder = workFolder();
const engine = new Engine({ model, modelName: 'small-refiner', device: 'cpu' });
const { signal } = new AbortController();
let fake: FakeContentSafety;
/** Prompts that the engine was given. */
let refined: string[] = [];
let runs = 0;
const refine = engine.refine.bind(engine);
engine.refine = (job, hooks) => {
  refined.push(job.settings.prompt);
  return refine(job, hooks);
};

beforeEach(async () => {
  fake = await startContentSafety();
  refined = [];
});
afterEach(() => {
  fake.close();
});
afterAll(() => {
  engine.close();
});

const rowOf = (
  index: number,
  prompt: string,
  source: Row['source'] = { kind: 'file', path: picture('square-64') },
): Row => ({
  index,
  rowNumberPerFile: index,
  inputName: 'rows',
  line: null,
  id: null,
  source,
  sourceText: 'a picture',
  settings: { ...plainSettings, prompt, negativePrompt: 'gory', steps: 2, strength: 0.5 },
  fit: 'pad',
  output: `${index}.png`,
  encoding: { format: 'png', quality: null, bitDepth: 8, metadata: true },
  extra: {},
});

interface Ran {
  outcome: BatchOutcome;
  results: ResultRecord[];
  written: string[];
}

const run = async (rows: readonly Row[], failMode: FailMode = 'closed'): Promise<Ran> => {
  const outputFolder = join(folder, String(runs++));
  const path = join(outputFolder, 'results.jsonl');
  const journal = await openJournal(path);
  const screener = azureScreener({
    endpoint: new URL(fake.url),
    authorize: authorizeByKey(FAKE_KEY),
    blockAt: parseBlockAt('2', AZURE_SCALE),
    blocklists: [],
    retry: { firstPauseMs: 1 },
  });
  const batch = runBatch({
    rows: (async function* () {
      for (const row of rows) yield await Promise.resolve(row);
    })(),
    work: createRefineProcessor(engine),
    journal,
    outputFolder,
    earlier: null,
    base: 0,
    screening: createScreening(screener, failMode),
    retryFailed: false,
    errorThreshold: -1,
    version: '0',
    signal,
    report: () => undefined,
  });
  await Promise.allSettled([batch]);
  await journal.close();
  const outcome = await batch;
  const results = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultRecord);
  return { outcome, results, written: readdirSync(outputFolder).filter((name) => name !== 'results.jsonl') };
};

const red = (): Promise<Buffer> =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .png()
    .toBuffer();

it('a blocked prompt and a blocked picture reach no engine; their neighbours do, in order', async () => {
  const inline = { kind: 'inline', text: (await red()).toString('base64') } as const;
  const { results, written, outcome } = await run([
    rowOf(0, 'a castle'),
    rowOf(1, 'a gory castle'),
    rowOf(2, 'a red castle', inline),
    rowOf(3, 'a cat'),
  ]);
  expect(refined).toEqual(['a castle', 'a cat']);
  expect(written.sort()).toEqual(['0.png', '3.png']);
  expect(results.map(({ status, nsfw_content_detected: nsfw }) => [status, nsfw])).toEqual([
    ['ok', false],
    ['blocked', true],
    ['blocked', true],
    ['ok', false],
  ]);
  expect(results[1]).toMatchObject({ image_file_name: null, error: null, duration_ms: null, steps_run: null });
  const { by, checks } = results[1]!.content_safety!;
  expect(by).toBe('azure');
  expect(checks.map(({ of, verdict }) => [of, verdict])).toEqual([
    ['prompt', 'blocked'],
    ['input', 'clean'],
  ]);
  expect(checks[0]!.categories).toContainEqual({ category: 'Violence', severity: 4 });
  expect(results[2]!.content_safety!.checks[1]).toMatchObject({ of: 'input', verdict: 'blocked' });
  expect(results[0]!.content_safety!.checks.map(({ of }) => of)).toEqual(['prompt', 'input', 'output']);
  expect(outcome.summary).toMatchObject({ ok: 2, blocked: 2, failed: 0 });
});

it('of a blocked output nothing is written', async () => {
  fake.look = (_, nth) => (nth === 1 ? 6 : 0);
  const { results, written } = await run([rowOf(0, 'a castle')]);
  expect(refined).toEqual(['a castle']);
  expect(written).toEqual([]);
  expect(results[0]).toMatchObject({ status: 'blocked', image_file_name: null, nsfw_content_detected: true });
  expect(results[0]!.content_safety!.checks[2]).toMatchObject({ of: 'output', verdict: 'blocked' });
});

it('the prompt is looked at, the negative prompt not', async () => {
  await run([rowOf(0, 'a castle')]);
  expect(fake.seen.filter(({ kind }) => kind === 'text').map(({ body }) => body['text'])).toEqual(['a castle']);
});

it('a row that cannot be screened fails, and the run continues', async () => {
  fake.faults = Array.from({ length: 5 }, () => ({ status: 400 }));
  const rows = [rowOf(0, 'a castle')];
  const { results, written } = await run(rows);
  expect(results[0]).toMatchObject({
    status: 'failed',
    nsfw_content_detected: null,
    error: { code: 'CONTENT_SAFETY_UNAVAILABLE' },
  });
  expect([refined, written]).toEqual([[], []]);
});

it('with --safety-fail open it passes, and its result is marked unscreened', async () => {
  fake.faults = [{ status: 400 }, { status: 400 }];
  const { results, written } = await run([rowOf(0, 'a gory castle')], 'open');
  expect(written).toEqual(['0.png']);
  expect(results[0]).toMatchObject({ status: 'ok', nsfw_content_detected: null });
  expect(results[0]!.content_safety!.checks.map(({ verdict }) => verdict)).toEqual([
    'unscreened',
    'unscreened',
    'clean',
  ]);
});

it('an error that every row would have ends the run', async () => {
  fake.faults = [{ status: 401 }];
  await expect(run([rowOf(0, 'a castle')])).rejects.toMatchObject({ code: 'CONTENT_SAFETY_SETUP' });
});

it('latents cannot be looked at: such a row fails before the engine', async () => {
  const { results } = await run([{ ...rowOf(0, 'a castle'), output: '0.safetensors', encoding: null }]);
  expect(results[0]).toMatchObject({ status: 'failed', error: { code: 'CONTENT_SAFETY_UNAVAILABLE' } });
  expect(refined).toEqual([]);
});

it('the picture of a URL is fetched once: the screened bytes are refined', async () => {
  let asked = 0;
  const clean = readFileSync(picture('square-64'));
  const dirty = await red();
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'image/png');
    response.end(asked++ === 0 ? clean : dirty);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cat.png`;
    const { results } = await run([rowOf(0, 'a castle', { kind: 'url', url })]);
    expect([asked, results[0]!.status]).toEqual([1, 'ok']);
  } finally {
    server.close();
  }
});

it('verdicts are waited for beside the engine: a row is asked about while others are', async () => {
  /* A row alone has two questions at a time, of its prompt and its picture. */
  fake.answersFrom = 3;
  const rows = Array.from({ length: 8 }, (_, index) => rowOf(index, 'a castle'));
  expect((await run(rows)).results.map(({ status }) => status)).toEqual(rows.map(() => 'ok'));
});
