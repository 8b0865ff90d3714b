/** A model that is missing, incomplete or damaged: exit 4, the file or tensor named, nothing written. */
import { cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goodRow, model, workFolder, writeRows } from '../support/batch.js';
import { goldenData } from '../support/golden.js';
import { runCli } from '../support/run-cli.js';

const folder = workFolder();
const copy = join(folder, 'model');
const unet = join(copy, 'unet/diffusion_pytorch_model.fp16.safetensors');

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Writes a file of weights with another header; the data stays. */
const changeHeader = (path: string, change: (header: Header) => void): void => {
  const file = readFileSync(path);
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, end)) as Header;
  change(header);
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([prefix, json, file.subarray(end)]));
};

const changeJson = (path: string, changes: Record<string, unknown>): void => {
  const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...json, ...changes }));
};

const IN = 'conv_in.weight';

const damages: { what: string; from?: string; damage: () => void; code: string; says: RegExp }[] = [
  {
    what: 'a missing shard',
    from: goldenData('models/tiny-base'),
    damage: () => {
      rmSync(join(copy, 'unet/diffusion_pytorch_model-00003-of-00004.safetensors'));
    },
    code: 'WEIGHTS_FILE_MISSING',
    says: /unet\/diffusion_pytorch_model-00003-of-00004\.safetensors is missing/,
  },
  {
    what: 'a truncated file of weights',
    damage: () => {
      truncateSync(unet, 2_000_000);
    },
    code: 'WEIGHTS_HEADER_INVALID',
    says: /unet\/diffusion_pytorch_model\.fp16\.safetensors/,
  },
  {
    what: 'a file of weights cut in its header',
    damage: () => {
      truncateSync(unet, 100);
    },
    code: 'WEIGHTS_HEADER_INVALID',
    says: /unet\/diffusion_pytorch_model\.fp16\.safetensors/,
  },
  {
    what: 'a header that points outside the file',
    damage: () => {
      changeHeader(unet, (header) => {
        header[IN]!.data_offsets = header[IN]!.data_offsets.map((offset) => offset + 1e12) as [number, number];
      });
    },
    code: 'WEIGHTS_HEADER_INVALID',
    says: /unet\/diffusion_pytorch_model\.fp16\.safetensors.* needs 1000\d+/,
  },
  {
    what: 'a header with two tensors over the same bytes',
    damage: () => {
      changeHeader(unet, (header) => (header['another.weight'] = header[IN]!));
    },
    code: 'WEIGHTS_HEADER_INVALID',
    says: /another\.weight|conv_in\.weight/,
  },
  {
    what: 'a header whose shapes are not their bytes',
    damage: () => {
      changeHeader(unet, (header) => (header[IN]!.shape[0]! *= 2));
    },
    code: 'WEIGHTS_HEADER_INVALID',
    says: /conv_in\.weight/,
  },
  {
    what: 'a header without a tensor',
    damage: () => {
      changeHeader(unet, (header) => {
        header['another.weight'] = header[IN]!;
        delete header['conv_in.weight'];
      });
    },
    code: 'WEIGHTS_TENSOR_MISSING',
    says: /conv_in\.weight/,
  },
  {
    what: 'a tensor of another shape',
    damage: () => {
      changeHeader(unet, (header) => header[IN]!.shape.reverse());
    },
    code: 'WEIGHTS_SHAPE',
    says: /conv_in\.weight/,
  },
  {
    what: 'a configuration that is not supported',
    damage: () => {
      changeJson(join(copy, 'unet/config.json'), { time_embedding_type: 'fourier' });
    },
    code: 'MODEL_CONFIG_UNSUPPORTED',
    says: /time_embedding_type.*fourier/,
  },
  {
    what: 'no model at all',
    damage: () => {
      rmSync(copy, { recursive: true });
    },
    code: 'MODEL_NOT_FOUND',
    says: /no folder .*model/,
  },
  {
    what: 'one part of a model',
    damage: () => {
      cpSync(join(model, 'unet'), copy, { recursive: true });
    },
    code: 'MODEL_NOT_FOUND',
    says: /one part of a model/,
  },
];

beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
});

it.each(damages)('$what: $code', async ({ what, from, damage, code, says }) => {
  if (what !== 'one part of a model') cpSync(from ?? model, copy, { recursive: true });
  damage();
  const out = join(folder, 'out');
  const manifest = writeRows(join(folder, 'manifest.jsonl'), [goodRow]);
  const run = await runCli(['batch', manifest, '--model', copy, '--output-dir', out, '--json']);
  expect(run.code).toBe(4);
  expect(JSON.parse(run.stdout)).toMatchObject({ error: { code, exit_code: 4 } });
  expect(run.stderr).toMatch(says);
  expect(run.stderr).toMatch(new RegExp(`\\[${code}\\]\n$`));
  expect(existsSync(join(out, 'results.jsonl'))).toBe(false);
});
