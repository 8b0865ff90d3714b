/** Content safety as users meet it: in batch, generate, serve and score, against a fake of Azure's service and a made classifier. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { goodRow, listOutput, model, readResults, runBatch, toJsonl, workFolder, writeRows } from '../support/batch.js';
import { writeClassifier } from '../support/classifier.js';
import {
  FAKE_KEY,
  fakeEnvironment,
  startContentSafety,
  type FakeContentSafety,
} from '../support/fake-content-safety.js';
import { goldenData } from '../support/golden.js';
import { runCli } from '../support/run-cli.js';
import {
  postScore,
  readMetric,
  requestOf,
  squarePng,
  startServe,
  stopServe,
  type ErrorBody,
} from '../support/serve.js';

const folder = workFolder();
let fake: FakeContentSafety;
let runs = 0;
const fresh = (): string => join(folder, `out-${runs++}`);
const azure = ['--content-safety', 'azure'];

beforeEach(async () => {
  fake = await startContentSafety();
});
afterEach(() => {
  fake.close();
});

const rows = [goodRow, { ...goodRow, prompt: 'a gory picture' }, { ...goodRow, prompt: 'a third' }].map(
  (row, index) => ({
    ...row,
    output: `${index}.png`,
  }),
);
const manifest = writeRows(join(folder, 'rows.jsonl'), rows);
const NSFW = [false, true, false];

describe('batch', () => {
  it('has blocked rows in results and summary, none of their pictures, and ends with 0', async () => {
    const out = fresh();
    const csv = join(folder, 'predictions.csv');
    const args = [manifest, '--output-dir', out, ...azure, '--predictions-csv', csv];
    const { code, stderr } = await runBatch(args, { env: fakeEnvironment(fake) });
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('1 blocked by content safety') });
    expect(listOutput(out)).toEqual(['0.png', '2.png', 'results.jsonl']);
    const results = readResults(out);
    expect(results.map((row) => row.nsfw_content_detected)).toEqual(NSFW);
    expect(results[1]).toMatchObject({ status: 'blocked', image_file_name: null, error: null });
    expect(readFileSync(csv, 'utf8').split('\n')[1]).toBe('1,,True,rows.jsonl');
    for (const text of [stderr, readFileSync(join(out, 'results.jsonl'), 'utf8')]) expect(text).not.toContain(FAKE_KEY);
  });

  it('--resume screens no finished row again, and every row where the screening changed', async () => {
    const out = fresh();
    const env = fakeEnvironment(fake);
    await runBatch([manifest, '--output-dir', out, '--quiet', ...azure], { env });
    const asked = fake.seen.length;
    await runBatch([manifest, '--output-dir', out, '--quiet', '--retry-failed', ...azure], { env });
    /* One question at the start, whether the service is there. */
    expect(fake.seen.length).toBe(asked + 1);
    expect(readResults(out).map((row) => row.status)).toEqual(['ok', 'blocked', 'ok']);
    await runBatch(
      [manifest, '--output-dir', out, '--quiet', '--resume', ...azure, '--safety-block-at', 'violence=5'],
      { env },
    );
    expect(readResults(out).map((row) => row.status)).toEqual(['ok', 'ok', 'ok']);
  });

  it('takes over nothing that was made unscreened', async () => {
    const out = fresh();
    expect((await runBatch([manifest, '--output-dir', out, '--quiet'])).code).toBe(0);
    expect(readResults(out).map((row) => [row.status, row.nsfw_content_detected])).toEqual(
      rows.map(() => ['ok', null]),
    );
    expect(readResults(out)[0]).not.toHaveProperty('content_safety');
    await runBatch([manifest, '--output-dir', out, '--quiet', '--resume', ...azure], { env: fakeEnvironment(fake) });
    expect(readResults(out).map((row) => row.nsfw_content_detected)).toEqual(NSFW);
  });

  it.each([
    ['0', ['blocked', 'blocked']],
    ['2', ['ok', 'blocked']],
    ['4', ['ok', 'ok']],
  ])("blocks above CONTENT_SAFETY_THRESHOLD=%s, as Azure's scripts do", async (threshold, statuses) => {
    const out = fresh();
    const some = writeRows(join(folder, 'threshold.jsonl'), [
      { ...goodRow, prompt: 'a grim picture', output: '0.png' },
      { ...goodRow, prompt: 'a gory picture', output: '1.png' },
    ]);
    const env = { ...fakeEnvironment(fake), CONTENT_SAFETY_THRESHOLD: threshold };
    await runBatch([some, '--output-dir', out, '--quiet', ...azure], { env });
    expect(readResults(out).map((row) => row.status)).toEqual(statuses);
  });

  it('asks the blocklists that are named', async () => {
    const out = fresh();
    fake.blocklists['more'] = ['third'];
    const lists = ['--safety-blocklist', 'names', '--safety-blocklist', 'more'];
    await runBatch([manifest, '--output-dir', out, '--quiet', ...azure, ...lists], { env: fakeEnvironment(fake) });
    expect(readResults(out)[2]!.content_safety!.checks[0]).toMatchObject({ verdict: 'blocked', blocklists: ['more'] });
  });

  it('stops before any work when the service refuses or does not answer, and goes on with --safety-fail open', async () => {
    const out = fresh();
    const args = [manifest, '--output-dir', out, ...azure];
    const wrong = await runBatch(args, { env: { ...fakeEnvironment(fake), CONTENT_SAFETY_KEY: 'wrong-key' } });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('CONTENT_SAFETY_SETUP') });
    expect(wrong.stderr).not.toContain('wrong-key');
    const busy = Array.from({ length: 5 }, () => ({ status: 429, headers: { 'retry-after-ms': '1' } }));
    fake.faults = [...busy];
    const down = await runBatch(args, { env: fakeEnvironment(fake) });
    expect(down).toMatchObject({ code: 1, stderr: expect.stringContaining('CONTENT_SAFETY_UNAVAILABLE') });
    expect(existsSync(join(out, 'results.jsonl'))).toBe(false);
    fake.faults = [...busy];
    const open = await runBatch([...args, '--safety-fail', 'open'], { env: fakeEnvironment(fake) });
    expect(open).toMatchObject({ code: 0, stderr: expect.stringContaining('rows pass unscreened') });
  });

  it.each([
    ['no endpoint', azure, {}, 'CONTENT_SAFETY_ENDPOINT'],
    ['an endpoint in the clear', azure, { CONTENT_SAFETY_ENDPOINT: 'http://example.com' }, 'https'],
    ['no classifier', ['--content-safety', 'local'], {}, '--safety-model'],
    ['a classifier that is not there', ['--content-safety', 'local', '--safety-model', 'nowhere'], {}, 'nowhere'],
    ['levels of nothing', ['--safety-block-at', '4'], {}, '--content-safety azure, local or off'],
    ['an unknown service', ['--content-safety', 'aws'], {}, 'azure, local, off'],
    [
      'a level that is none',
      [...azure, '--safety-block-at', '9'],
      { CONTENT_SAFETY_ENDPOINT: 'https://x' },
      'from 1 to 7',
    ],
  ])('refuses %s', async (_, args, env, told) => {
    const { code, stderr } = await runBatch([manifest, '--output-dir', fresh(), ...args], {
      env: { ...process.env, ...env },
    });
    expect({ code, stderr }).toEqual({ code: told === 'nowhere' ? 4 : 2, stderr: expect.stringContaining(told) });
  });

  it('says so when the environment of Azure is there and nothing is screened', async () => {
    const env = fakeEnvironment(fake);
    const { stderr } = await runBatch([manifest, '--output-dir', fresh()], { env });
    expect(stderr).toContain('content safety is off');
    const off = await runBatch([manifest, '--output-dir', fresh(), '--content-safety', 'off'], { env });
    expect(off.stderr).not.toContain('content safety is off');
    expect(fake.seen).toEqual([]);
  });

  it('screens with a local classifier: pictures, not prompts', async () => {
    const out = fresh();
    const bright = join(folder, 'bright.png');
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'white' } })
      .png()
      .toFile(bright);
    const some = writeRows(join(folder, 'local.jsonl'), [
      { ...goodRow, output: '0.png' },
      { ...goodRow, image: bright, output: '1.png' },
    ]);
    const safety = ['--content-safety', 'local', '--safety-model', writeClassifier(join(folder, 'classifier'))];
    const { code } = await runBatch([some, '--output-dir', out, '--quiet', ...safety, '--safety-block-at', '0.99']);
    expect(code).toBe(0);
    const [first, second] = readResults(out);
    expect(first!.content_safety!.checks.map(({ of }) => of)).toEqual(['input', 'output']);
    expect(second).toMatchObject({ status: 'blocked', nsfw_content_detected: true, content_safety: { by: 'local' } });
    expect(listOutput(out)).toEqual(['0.png', 'results.jsonl']);
  });
});

describe('generate', () => {
  it("looks at the prompt, the refiner's own prompt, and the picture", async () => {
    const out = fresh();
    const small = { width: 64, height: 64, steps: 4, handoff: 0.5, seed: 3 };
    const prompts = writeRows(join(folder, 'prompts.jsonl'), [
      { ...small, prompt: 'one' },
      { ...small, prompt: 'two', refiner_prompt: 'gory' },
      { ...small, prompt: 'a lewd three' },
    ]);
    const models = ['--base', goldenData('models/tiny-base'), '--model', goldenData('models/small-refiner')];
    const args = ['generate', prompts, ...models, '--output-dir', out, '--quiet', '--save-latents', ...azure];
    expect((await runCli(args, { env: fakeEnvironment(fake) })).code).toBe(0);
    const results = readResults(out);
    expect(results.map((row) => row.status)).toEqual(['ok', 'blocked', 'blocked']);
    expect(results[0]!.content_safety!.checks.map(({ of }) => of)).toEqual(['prompt', 'output']);
    expect(listOutput(out)).toEqual([results[0]!.image_file_name, results[0]!.latents_file_name, 'results.jsonl']);
  });

  it('writes neither picture nor latents of a blocked output', async () => {
    fake.look = () => 4;
    const out = fresh();
    const models = ['--base', goldenData('models/tiny-base'), '--model', goldenData('models/small-refiner')];
    const settings = ['--prompt', 'one', '--width', '64', '--height', '64', '--steps', '4', '--save-latents'];
    const args = ['generate', ...settings, ...models, '--output-dir', out, '--quiet', ...azure];
    expect((await runCli(args, { env: fakeEnvironment(fake) })).code).toBe(0);
    expect(listOutput(out)).toEqual(['results.jsonl']);
    expect(readResults(out)[0]).toMatchObject({ status: 'blocked', image_file_name: null, latents_file_name: null });
  });
});

const BLOCKED = { prompt: expect.any(String), generated_image: '', nsfw_content_detected: true };
/** Steps that the server's metrics count. */
const settings = { steps: 3, strength: 1, seed: 1 };

describe('serve and score', () => {
  it('answer blocked rows with an empty picture; the engine does not see them', async () => {
    const server = await startServe(azure, { env: fakeEnvironment(fake) });
    try {
      const post = async (prompts: readonly string[]): Promise<unknown> => {
        const body = requestOf(
          prompts.map((prompt) => ({ image: squarePng, prompt })),
          settings,
        );
        return (await postScore(server.url, body)).json();
      };
      const steps = (): Promise<number> => readMetric(server.url, 'sdxl_refine_step_seconds_count');
      const before = await steps();
      expect(await post(['a gory picture'])).toEqual([BLOCKED]);
      expect(await steps()).toBe(before);
      const clean = { ...BLOCKED, generated_image: expect.stringMatching(/^iVBOR/), nsfw_content_detected: false };
      expect(await post(['a picture', 'a gory picture'])).toEqual([clean, BLOCKED]);
      expect(await steps()).toBe(before + settings.steps - 1);
      fake.look = ({ mean }) => (mean.length > 0 && fake.count('image') % 2 === 0 ? 4 : 0);
      expect(await post(['a picture'])).toEqual([BLOCKED]);
      expect(await readMetric(server.url, 'sdxl_refine_blocked_total')).toBe(3);
      expect(await readMetric(server.url, 'sdxl_refine_pictures_total')).toBe(1);

      const watched = await postScore(server.url, requestOf([{ image: squarePng, prompt: 'a picture' }], settings), {
        headers: { accept: 'text/event-stream' },
      });
      const events = await watched.text();
      expect(events).toContain('"preview":null');
      expect(events).not.toContain('data:image');

      fake.faults = [
        { status: 429, headers: { 'retry-after': '3600' } },
        { status: 429, headers: { 'retry-after': '3600' } },
      ];
      const refused = await postScore(server.url, requestOf([{ image: squarePng, prompt: 'a picture' }], settings));
      expect(refused.status).toBe(503);
      expect(((await refused.json()) as ErrorBody).error).toMatchObject({ code: 'CONTENT_SAFETY_UNAVAILABLE', row: 0 });
      expect(server.log()).not.toContain(FAKE_KEY);
    } finally {
      await stopServe(server);
    }
  });

  it('score says the same', async () => {
    const path = join(folder, 'request.json');
    writeFileSync(path, JSON.stringify(requestOf([{ image: squarePng, prompt: 'a lewd picture' }])));
    const run = await runCli(['score', path, '--model', model, ...azure], { env: fakeEnvironment(fake) });
    expect({ code: run.code, answer: JSON.parse(run.stdout) as unknown }).toEqual({ code: 0, answer: [BLOCKED] });
  });

  it('a server whose service refuses the key does not start', async () => {
    const env = { ...fakeEnvironment(fake), CONTENT_SAFETY_KEY: 'wrong' };
    await expect(startServe(azure, { env })).rejects.toThrow('CONTENT_SAFETY_SETUP');
  });
});

it('rows from standard input are screened too', async () => {
  const out = fresh();
  const input = toJsonl([rows[1]]);
  await runBatch(['-', '--output-dir', out, '--quiet', ...azure], { input, env: fakeEnvironment(fake) });
  expect(readResults(out)[0]!.status).toBe('blocked');
});
