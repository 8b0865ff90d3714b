/** `sdxl-refine models`, and ids as `--model`, against a hub on this machine. */
import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goldenData, root } from '../support/golden.js';
import { goodRow, readPixels, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';
import { COMMIT, fakeHub, type FakeHub } from '../support/fake-hub.js';
import { withProxy } from '../support/fake-proxy.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { runCli, type CliRun } from '../support/run-cli.js';
import { withServer } from '../support/with-server.js';

const folder = workFolder();
const ID = 'somebody/small-refiner';
const TOKEN = 'hf_secret';

interface Hub {
  fake: FakeHub;
  env: Readonly<Record<string, string>>;
  cache: string;
  models: (...args: string[]) => Promise<CliRun>;
}

/** A hub that wants a token, and an empty cache. */
const withHub = async (name: string, use: (hub: Hub) => Promise<void>): Promise<void> => {
  const place = { url: '' };
  const fake = fakeHub(ID, goldenData('models/small-refiner'), { storeUrl: () => place.url, token: TOKEN });
  const cache = join(folder, name);
  await withServer(fake.store, async (storeUrl) => {
    place.url = storeUrl;
    await withServer(fake.hub, async (url) => {
      const env = { HF_ENDPOINT: url, HF_HUB_CACHE: cache, HF_TOKEN: TOKEN };
      await use({ fake, env, cache, models: (...args) => runCli(['models', ...args], { env }) });
    });
  });
};

const unet = 'unet/diffusion_pytorch_model.fp16.safetensors';

it('pull brings a model into the cache as Python lays it out, and verify finds it whole', async () => {
  await withHub('whole', async ({ fake, cache, models }) => {
    const { code, stdout, stderr } = await models('pull', ID);
    const snapshot = join(cache, 'models--somebody--small-refiner', 'snapshots', COMMIT);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${snapshot}\n` });
    expect(stderr).toMatch(/^somebody\/small-refiner: .* of .* MiB/m);
    expect(readFileSync(join(cache, 'models--somebody--small-refiner', 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(readlinkSync(join(snapshot, unet))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(readFileSync(join(snapshot, unet)).equals(readFileSync(goldenData('models/small-refiner', unet)))).toBe(
      true,
    );
    expect(fake.seen.filter((line) => line.includes('with the token'))).toEqual([]);
    expect(readdirSync(join(cache, 'models--somebody--small-refiner', 'blobs')).join()).not.toMatch(/incomplete/);

    const before = fake.seen.length;
    expect(await models('pull', ID, '--quiet')).toMatchObject({ code: 0, stderr: '' });
    expect(fake.seen.slice(before).every((line) => line.includes('/api/'))).toBe(true);

    expect(await models('verify', ID)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok {2}unet/m) });
    expect((await models('list')).stdout).toMatch(
      /emoji-refiner {2}\(bundled\)[^]*somebody\/small-refiner {2}\(complete/,
    );
    const blob = join(snapshot, 'unet', readlinkSync(join(snapshot, unet)));
    writeFileSync(blob, Buffer.from(readFileSync(blob)).fill(1, 100, 200));
    const damaged = await models('verify', ID);
    expect(damaged).toMatchObject({ code: 4, stderr: expect.stringMatching(/^1 damaged/) });
    expect(damaged.stdout).toContain(blob);
    rmSync(blob);
    expect(await models('pull', ID, '--quiet')).toMatchObject({ code: 0 });
    expect(await models('verify', ID)).toMatchObject({ code: 0 });
  });
});

it.each([
  [['pull'], /Missing required argument id\. --help lists the options\. \[USAGE_OPTION_INVALID\]/],
  [['list', '--jsn'], /Unknown option --jsn: did you mean --json\?/],
])('models %j is a mistake of use', async (args, message) => {
  const { code, stdout, stderr } = await runCli(['models', ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

it('verify says that there is no such model folder', async () => {
  const { code, stdout, stderr } = await runCli(['models', 'verify', 'tiny-refinre']);
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toMatch(/There is no model folder at .*tiny-refinre\. .*\[MODEL_NOT_FOUND\]/);
});

it.each(['emoji-refiner', 'emoji-base'])('the bundled %s is what its digests say', async (name) => {
  const { code, stdout, stderr } = await runCli(['models', 'verify', name]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^\d+ files verified\.\n$/) });
  expect(stdout).toMatch(/^ok {2}unet\/diffusion_pytorch_model/m);
  expect(stdout.split('\n').filter((line) => !/^(ok {2}|$)/.test(line))).toEqual([]);
});

it('verify finds one byte that changed and one file that is gone, and says where nothing was compared', async () => {
  const copy = join(folder, 'copied');
  cpSync(join(root, 'models/emoji-refiner'), copy, { recursive: true });
  const file = join(copy, 'vae/diffusion_pytorch_model.fp16.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  rmSync(join(copy, 'scheduler/scheduler_config.json'));
  writeFileSync(join(copy, 'notes.txt'), 'mine');
  const damaged = await runCli(['models', 'verify', copy]);
  expect(damaged).toMatchObject({ code: 4, stderr: expect.stringMatching(/^2 damaged: /) });
  expect(damaged.stdout).toMatch(/^its bytes are not those that SHA256SUMS lists {2}vae\/diffusion/m);
  expect(damaged.stdout).toMatch(/^missing {2}scheduler\/scheduler_config\.json/m);
  expect(damaged.stdout).toMatch(/^no digest {2}notes\.txt/m);
  rmSync(join(copy, 'SHA256SUMS'));
  expect(await runCli(['models', 'verify', copy])).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^Nothing was compared: /),
  });
});

it.each([
  ['a way out of the folder', `${'0'.repeat(64)}  ../../etc/passwd\n`, /line 1 is not a SHA-256/],
  ['an absolute path', `${'0'.repeat(64)}  a\n${'0'.repeat(64)} */etc/passwd\n`, /line 2 is not a SHA-256/],
  ['a short digest', `${'0'.repeat(40)}  a\n`, /line 1 is not a SHA-256/],
  ['too much', 'x'.repeat(2 ** 20 + 1), /a list of digests may have at most 1048576/],
])('a SHA256SUMS with %s is refused', async (name, text, message) => {
  const at = join(folder, `sums ${name}`);
  cpSync(join(root, 'models/clip-tokenizer'), at, { recursive: true });
  writeFileSync(join(at, 'SHA256SUMS'), text);
  const { code, stdout, stderr } = await runCli(['models', 'verify', at]);
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toMatch(message);
});

it.each([
  ['goes on where it broke off', ['cut'], 'bytes='],
  ['begins again where the server cannot go on', ['cut', 'ignores ranges'], 'bytes='],
] as const)('pull %s', async (name, faults, range) => {
  await withHub(name, async ({ fake, models }) => {
    fake.faults.push(...faults);
    const first = await models('pull', ID);
    expect(first).toMatchObject({ code: 4, stdout: '' });
    expect(first.stderr).toMatch(/broke off.*what came is kept.*\[MODEL_DOWNLOAD_FAILED\]/);
    expect(await models('pull', ID)).toMatchObject({ code: 0 });
    expect(fake.seen.filter((line) => line.includes(range))).toHaveLength(1);
    expect(await models('verify', ID)).toMatchObject({ code: 0 });
  });
});

it('a download whose SHA-256 is not the listed one is thrown away', async () => {
  await withHub('damaged', async ({ fake, cache, models }) => {
    fake.faults.push('damaged');
    const { code, stderr } = await models('pull', ID);
    expect(code).toBe(4);
    expect(stderr).toMatch(/is not the file that the hub lists/);
    const blobs = readdirSync(join(cache, 'models--somebody--small-refiner', 'blobs'));
    expect(blobs.filter((blob) => blob.length >= 64)).toEqual([]);
  });
});

it('batch takes an id: downloads it, then needs no hub', async () => {
  await withHub('batch', async ({ env, cache }) => {
    const rows = writeRows(join(folder, 'rows.jsonl'), [goodRow]);
    const run = (out: string, more: Readonly<Record<string, string>> = {}): Promise<CliRun> =>
      runCli(['batch', rows, '--model', ID, '--output-dir', join(folder, out)], { env: { ...env, ...more } });
    expect(await run('from-id')).toMatchObject({ code: 0 });
    expect(readResults(join(folder, 'from-id'))[0]).toMatchObject({ status: 'ok', model: ID });
    await runBatch([rows, '--output-dir', join(folder, 'from-folder')]);
    expect(await readPixels(join(folder, 'from-id', 'square-64.png'))).toEqual(
      await readPixels(join(folder, 'from-folder', 'square-64.png')),
    );
    const offline = { HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:9' };
    expect(await run('offline', offline)).toMatchObject({ code: 0 });
    rmSync(cache, { recursive: true });
    const { code, stderr } = await run('nothing', offline);
    expect(code).toBe(4);
    expect(stderr).toMatch(/There is no folder.*MODEL_NOT_FOUND/);
    expect(existsSync(join(folder, 'nothing', 'results.jsonl'))).toBe(false);
  });
});

it.each([
  ['a wrong id', 'somebody/nothing', TOKEN, /HTTP 404.*Check the id/],
  ['no token', ID, '', /Invalid username or password.*HF_TOKEN/],
  ['no id', 'nothing', TOKEN, /Expected an id like organisation\/name, got "nothing"/],
  ['a way out of the cache', '../x', TOKEN, /Expected an id like/],
])('%s is refused with what to do', async (_, id, token, message) => {
  await withHub('refused', async ({ env }) => {
    const { code, stdout, stderr } = await runCli(['models', 'pull', id], { env: { ...env, HF_TOKEN: token } });
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect([2, 4]).toContain(code);
  });
});

it('show says what a model is', async () => {
  const shown = await runCli(['models', 'show', goldenData('models/small-refiner')]);
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  expect(shown.stdout).toMatch(/: refiner \(\w+\), EulerDiscreteScheduler\n {2}text_encoder_2: [\d,]+ parameters, F16/);
  const { stdout } = await runCli(['models', 'show', goldenData('models/tiny-base'), '--json']);
  const base = JSON.parse(stdout) as { kind: string; parts: { name: string; files: string[] }[] };
  expect(base.kind).toBe('base');
  expect(base.parts.map(({ name }) => name)).toEqual(['text_encoder', 'text_encoder_2', 'unet', 'vae']);
  expect(base.parts[2]?.files).toHaveLength(4);
  expect(await runCli(['models', 'show', 'nothing-here'])).toMatchObject({ code: 4, stdout: '' });
});

itOnLinux.each([{ HOME: '/proc' }, { HF_HUB_CACHE: '/proc/x/y' }])(
  'pull ends where nothing can be made: %j',
  async (place) => {
    await withHub('unused', async ({ env }) => {
      const { HF_HUB_CACHE: _, ...hub } = env;
      const { code, stderr } = await runCli(['models', 'pull', ID], { env: { ...hub, ...place } });
      expect(stderr).toMatch(
        /Cannot write to the cache of models \/proc.*Set HF_HUB_CACHE or HF_HOME.*OUTPUT_UNWRITABLE/s,
      );
      expect(code).toBe(6);
    });
  },
);

it('pull goes through the proxy that the environment names, and around it where NO_PROXY says so', async () => {
  await withHub('proxied', async ({ env, cache }) => {
    await withProxy({}, async (proxy) => {
      const host = new URL(env['HF_ENDPOINT'] ?? '').host;
      const around = await runCli(['models', 'pull', ID, '--quiet'], {
        env: { ...env, HTTP_PROXY: 'http://127.0.0.1:1', no_proxy: '127.0.0.1', HF_HUB_CACHE: `${cache}-around` },
      });
      expect(around).toMatchObject({ code: 0, stderr: '' });
      const pulled = await runCli(['models', 'pull', ID, '--quiet'], { env: { ...env, HTTP_PROXY: proxy.url } });
      expect(pulled).toMatchObject({ code: 0, stderr: '' });
      expect(proxy.seen).toContain(`CONNECT ${host}`);
      expect(new Set(proxy.seen).size).toBe(2);
    });
  });
});
