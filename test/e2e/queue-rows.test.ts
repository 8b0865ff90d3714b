/** Rows of a queue that need more than a picture and a model: prompts, and LoRAs by name. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, model, runBatch, workFolder, writeRows } from '../support/batch.js';
import { missingForRedis, startRedis, type TestBroker } from '../support/brokers.js';
import { compareRuns } from '../support/fleet.js';
import { goldenData } from '../support/golden.js';
import { makeChanges, writeLora } from '../support/lora.js';
import { parseResults, runCli, type CliRun } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';

const { describe: describeWithRedis } = skipWhere(missingForRedis());

describeWithRedis('rows of a queue', () => {
  const folder = workFolder();
  let redis: TestBroker;
  beforeAll(async () => {
    redis = await startRedis(join(folder, 'redis'));
  });
  afterAll(() => redis.stop());
  const work = (queue: readonly string[], ...more: string[]): Promise<CliRun> =>
    runCli(['work', ...queue, '--exit-when-idle', '0', ...more]);

  it('generates from prompts as generate does', async () => {
    const prompts = [
      { prompt: 'a fox', steps: 4, width: 64, height: 64, seed: 1, count: 2 },
      { prompt: 'a fox', steps: 0, seed: 1 },
    ];
    const manifest = writeRows(join(folder, 'prompts.jsonl'), prompts);
    const models = ['--base', goldenData('models/tiny-base'), '--model', model];
    const [calm, store] = [join(folder, 'calm'), join(folder, 'generated')];
    const queue = ['--queue', redis.uri, '--queue-name', 'generated'];
    const place = ['--store', store, ...queue, '--chunk-rows', '1', '--quiet'];
    const [generated, enqueued] = await Promise.all([
      runCli(['generate', manifest, ...models, '-o', calm, '--quiet']),
      runCli(['enqueue', '--generate', manifest, ...models, ...place]),
    ]);
    expect([generated.code, enqueued]).toEqual([1, expect.objectContaining({ code: 0 })]);
    expect(await work(queue, '--resident', 'one')).toMatchObject({ code: 0 });
    const all = join(folder, 'generated.jsonl');
    expect(await runCli(['collect', '--store', store, '-o', all])).toMatchObject({ code: 1 });
    expect(compareRuns({ all, store, calm })).toEqual([]);
    expect(parseResults(readFileSync(all, 'utf8')).map(({ mode, error }) => error?.code ?? mode)).toEqual([
      'ensemble',
      'ensemble',
      'ROW_FIELD_INVALID',
    ]);
  });

  it('finds the LoRAs that rows name on each machine, and gives the chunk back where one is missing', async () => {
    const [here, there] = [join(folder, 'loras'), join(folder, 'moved')];
    mkdirSync(here);
    const changes = await makeChanges({
      model: 'small-refiner',
      parts: ['unet'],
      convolutions: false,
      dora: false,
      seed: 1,
    });
    writeLora(join(here, 'own.safetensors'), changes, 'kohya');
    writeFileSync(join(here, 'unused.safetensors'), '');
    const rows = [
      { ...goodRow, lora_weights: { own: 2 } },
      { ...goodRow, output: 'plain.png' },
    ];
    const manifest = writeRows(join(folder, 'loras.jsonl'), rows);
    const [calm, store] = [join(folder, 'calm-loras'), join(folder, 'lora-run')];
    const queue = ['--queue', redis.uri, '--queue-name', 'loras'];
    const options = ['--model', model, '--lora-dir', here, '--quiet'];
    const [refined, enqueued] = await Promise.all([
      runBatch([manifest, '-o', calm, '--lora-dir', here, '--quiet']),
      runCli(['enqueue', manifest, ...options, '--store', store, ...queue]),
    ]);
    expect([refined.code, enqueued]).toEqual([0, expect.objectContaining({ code: 0 })]);
    renameSync(here, there);
    const without = await work(queue);
    expect([without.code, without.stderr]).toEqual([4, expect.stringMatching(/went back.*own\.safetensors/s)]);
    expect(await work(queue, '--lora-dir', there)).toMatchObject({ code: 0 });
    const all = join(folder, 'loras-all.jsonl');
    expect(await runCli(['collect', '--store', store, '-o', all])).toMatchObject({ code: 0 });
    expect(compareRuns({ all, store, calm })).toEqual([]);
    expect(readFileSync(join(calm, 'square-64.png')).equals(readFileSync(join(calm, 'plain.png')))).toBe(false);
  });
});
