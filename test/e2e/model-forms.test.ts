/** One model in every form that it is published in: the same pictures; and files that are no model: what to give instead. */
import { cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { goodRow, picture, quick, readPixels, readResults, workFolder, writeRows } from '../support/batch.js';
import { goldenData, root } from '../support/golden.js';
import { runCli, type CliRun } from '../support/run-cli.js';
import { quickRequest } from '../support/serve.js';
import { splitWeights } from '../support/split-weights.js';

const folder = workFolder();
const manifest = join(folder, 'manifest.jsonl');
const file = join(folder, 'tiny.safetensors');
const model = goldenData('models/tiny-refiner');
const onnx = goldenData('models/tiny-refiner-onnx');
const rows = [
  { image: picture('square-64'), ...quick, steps: 4, output: 'square.png' },
  { image: picture('square-128'), ...quick, steps: 4, strength: 1, output: 'large.png' },
];

const run = (out: string, ...args: string[]): Promise<CliRun> =>
  runCli(['batch', manifest, '--output-dir', join(folder, out), '--overwrite', ...args]);
const pixels = (out: string, name: string): Promise<{ data: Buffer }> => readPixels(join(folder, out, name));
const largestDifference = (a: Buffer, b: Buffer): number =>
  a.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b[index]!)), 0);

beforeAll(async () => {
  symlinkSync(goldenData('models/tiny-refiner.sgm.safetensors'), file);
  cpSync(model, join(folder, 'tiny'), { recursive: true, filter: (path) => extname(path) !== '.safetensors' });
  writeRows(manifest, rows);
  expect(await run('folder', '--model', model, '--quiet')).toMatchObject({ code: 0, stderr: '' });
});

it('one file gives the folder’s pictures, number for number', async () => {
  expect(await run('file', '--model', file, '--quiet')).toMatchObject({ code: 0, stderr: '' });
  for (const { output } of rows) {
    expect((await pixels('file', output)).data.equals((await pixels('folder', output)).data)).toBe(true);
  }
});

it('the export to ONNX gives the same pictures, but for rounding', async () => {
  expect(await run('onnx', '--model', onnx, '--quiet')).toMatchObject({ code: 0, stderr: '' });
  for (const { output } of rows) {
    const [ours, theirs] = [await pixels('onnx', output), await pixels('folder', output)];
    expect(largestDifference(ours.data, theirs.data)).toBeLessThanOrEqual(1);
  }
});

it('an export whose weights are beside its networks, in the links of the Hugging Face cache, gives the same', async () => {
  const source = join(folder, 'split');
  const decoder = join(source, 'vae_decoder');
  cpSync(onnx, source, { recursive: true });
  splitWeights(join(decoder, 'model.onnx'));
  const blobs = join(folder, 'blobs');
  mkdirSync(blobs);
  for (const name of ['model.onnx', 'model.onnx_data']) {
    renameSync(join(decoder, name), join(blobs, `blob-of-${name.length}`));
    symlinkSync(join(blobs, `blob-of-${name.length}`), join(decoder, name));
  }
  expect(await run('split', '--model', source, '--quiet')).toMatchObject({ code: 0, stderr: '' });
  expect((await pixels('split', 'large.png')).data.equals((await pixels('onnx', 'large.png')).data)).toBe(true);
});

it('a size that the export does not take fails its row, which says what does; other rows go on', async () => {
  const mixed = writeRows(join(folder, 'mixed.jsonl'), [{ ...goodRow, image: picture('odd-75x53') }, goodRow]);
  const out = join(folder, 'mixed');
  const { code } = await runCli(['batch', mixed, '--model', onnx, '--output-dir', out, '--quiet']);
  expect(code).toBe(1);
  const [odd, good] = readResults(out);
  expect(odd!.error?.code).toBe('ROW_FIELD_INVALID');
  expect(odd!.error?.message).toMatch(/multiples of 64 .*found 80×56.*to 64×64, or give the model's safetensors/);
  expect(good!.status).toBe('ok');
});

describe('--vae', () => {
  const digestOf = (out: string): string | null => readResults(join(folder, out))[0]!.digest;

  it.each([
    ['a folder', 'folder', () => join(model, 'vae')],
    ['a file in diffusers’ names', 'diffusers', () => join(model, 'vae/diffusion_pytorch_model.fp16.safetensors')],
    ['a checkpoint', 'checkpoint', () => file],
  ])('%s that is the model’s own VAE changes no picture', async (_, name, vae) => {
    expect(await run(`vae-${name}`, '--model', model, '--vae', vae(), '--quiet')).toMatchObject({
      code: 0,
      stderr: '',
    });
    for (const { output } of rows) {
      expect((await pixels(`vae-${name}`, output)).data.equals((await pixels('folder', output)).data)).toBe(true);
    }
  });

  it('another VAE makes another picture and another digest; so does the variable', async () => {
    const vae = join(root, 'models/emoji-refiner/vae');
    expect((await run('vae-other', '--model', model, '--vae', vae, '--quiet')).code).toBe(0);
    expect(digestOf('vae-other')).not.toBe(digestOf('folder'));
    expect((await pixels('vae-other', 'square.png')).data.equals((await pixels('folder', 'square.png')).data)).toBe(
      false,
    );
    const out = join(folder, 'vae-variable');
    const env = { ...process.env, SDXL_REFINE_VAE: vae };
    await runCli(['batch', manifest, '--model', model, '--output-dir', out, '--quiet'], { env });
    expect(digestOf('vae-variable')).toBe(digestOf('vae-other'));
  });

  it('works with an export’s other networks', async () => {
    expect((await run('vae-onnx', '--model', onnx, '--vae', join(model, 'vae'), '--quiet')).code).toBe(0);
    const [ours, theirs] = [await pixels('vae-onnx', 'square.png'), await pixels('folder', 'square.png')];
    expect(largestDifference(ours.data, theirs.data)).toBeLessThanOrEqual(1);
  });
});

describe('what the run warns of', () => {
  it('a base model refines, and is told apart', async () => {
    const { code, stderr } = await run('base', '--model', goldenData('models/tiny-base'));
    expect(code).toBe(0);
    expect(stderr).toMatch(/Note: Expected a refiner, found a base model: it has no aesthetic-score conditioning\./);
  });

  it('tensors that no network uses are named', async () => {
    const odd = join(folder, 'odd');
    cpSync(model, odd, { recursive: true });
    const path = join(odd, 'vae/diffusion_pytorch_model.fp16.safetensors');
    const bytes = readFileSync(path);
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, end)) as Record<string, { data_offsets?: number[] }>;
    header['adapter.weight'] = {
      dtype: 'F32',
      shape: [1],
      data_offsets: [bytes.length - end, bytes.length - end + 4],
    } as never;
    const json = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(json.length));
    writeFileSync(path, Buffer.concat([prefix, json, bytes.subarray(end), Buffer.alloc(4)]));
    const note = 'Note: The model has tensors that no SDXL network uses: adapter.weight; ignored.';
    const said = { code: 0, stderr: expect.stringContaining(note) };
    expect(await run('odd-out', '--model', odd)).toMatchObject(said);
    const score = (...args: string[]): Promise<CliRun> =>
      runCli(['score', '-', '--model', odd, ...args], { input: JSON.stringify(quickRequest) });
    expect(await score()).toMatchObject(said);
    expect(await score('--quiet')).toMatchObject({ code: 0, stderr: '' });
  });
});
