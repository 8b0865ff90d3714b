/** Files that never end, never answer or are too large, in the place of each file that a run opens. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRowInput } from '#src/run/batch/prepare-row.js';
import { readConfigFile } from '#src/app/cli/config/config-file.js';
import { readPictureMetadata } from '#src/app/cli/options/metadata-values.js';
import { readPictureHeader } from '#src/media/image/read-header.js';
import { readSource } from '#src/media/image/read-source.js';
import { readSidecar } from '#src/run/manifest/formats/read-sidecar.js';
import type { Row } from '#src/records/row.js';
import { openEarlierResults } from '#src/run/results/earlier-results.js';
import { readResults } from '#src/run/results/read-results.js';
import { readRunState } from '#src/run/results/run-state.js';
import { readTokenizer } from '#src/diffusion/text/tokenizer/read-tokenizer.js';
import { openAdapterFile } from '#src/models/weights/lora/adapter-file.js';
import { findModel } from '#src/models/weights/discovery/find-model.js';
import { readOnnxExport } from '#src/models/weights/discovery/read-onnx-export.js';
import { readLatents } from '#src/models/weights/latents/read-latents.js';
import { goldenData } from '../../../support/golden.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const folder = temporaryFolder();
const model = join(folder, 'model');
cpSync(goldenData('models/tiny-refiner'), model, { recursive: true });

const HOSTILE: readonly (readonly [what: string, put: (path: string) => void])[] = [
  [
    'a device that never ends',
    (path) => {
      symlinkSync('/dev/zero', path);
    },
  ],
  ['a pipe that nobody writes to', (path) => spawnSync('mkfifo', [path])],
  [
    'a folder',
    (path) => {
      mkdirSync(path);
    },
  ],
  [
    'a file of 3 GB',
    (path) => {
      writeFileSync(path, '');
      truncateSync(path, 3e9);
    },
  ],
];

const readers: readonly (readonly [
  what: string,
  name: string,
  read: (path: string) => Promise<unknown>,
  code: RegExp,
])[] = [
  ['a picture', 'cat.png', (path) => readSource({ kind: 'file', path }), /^IMAGE_(UNREADABLE|TOO_LARGE)$/],
  [
    'a picture whose header is wanted',
    'cat.png',
    (path) => readPictureHeader({ kind: 'file', path }, 'it'),
    /^IMAGE_(UNREADABLE|TOO_LARGE)$/,
  ],
  ['latents of NumPy', 'l.npy', readLatents, /^LATENTS_INVALID$/],
  ['latents of safetensors', 'l.safetensors', readLatents, /^LATENTS_INVALID$/],
  ['latents of torch', 'l.pt', readLatents, /^LATENTS_INVALID$/],
  ['a sidecar', 'cat.txt', (path) => readSidecar(path.replace(/txt$/, 'png')), /^ROW_FIELD_INVALID$/],
  ['a LoRA', 'lora.safetensors', openAdapterFile, /^(WEIGHTS_|LORA_)/],
  ['settings', 'settings.yaml', (path) => readConfigFile(path, folder, []), /^USAGE_OPTION_INVALID$/],
  [
    'a note of an earlier run',
    '.sdxl-refine-run.json',
    (path) => readRunState(dirname(path), ''),
    /^OUTPUT_UNWRITABLE$/,
  ],
  ['an exported network', 'model.onnx', readOnnxExport, /^WEIGHTS_FILE_MISSING$/],
  ['a model’s configuration', 'model/unet/config.json', () => findModel(model), /^MODEL_/],
  ['a model’s index', 'model/model_index.json', () => findModel(model), /^MODEL_/],
  [
    'a tokenizer’s words',
    'model/tokenizer_2/vocab.json',
    () => readTokenizer(join(model, 'tokenizer_2')),
    /^MODEL_CONFIG_INVALID$/,
  ],
];

describe.each(HOSTILE)('%s', (_, put) => {
  itOnLinux.each(readers)('as %s', async (_what, name, read, code) => {
    const path = join(folder, name);
    const before = existsSync(path) ? readFileSync(path) : null;
    rmSync(path, { force: true });
    put(path);
    try {
      await expect(read(path)).rejects.toMatchObject({ code: expect.stringMatching(code) });
    } finally {
      rmSync(path, { recursive: true, force: true });
      if (before !== null) writeFileSync(path, before);
    }
  });

  itOnLinux('as a picture with metadata, or as latents that have to be told from others', async () => {
    const path = join(folder, 'either.npy');
    put(path);
    try {
      expect(await readPictureMetadata(path)).toEqual({ values: {}, warnings: [] });
      const row = { source: { kind: 'latents', path } } as Row;
      await expect(readRowInput(row, new AbortController().signal)).rejects.toMatchObject({ code: 'LATENTS_INVALID' });
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  });
});

/* Of any size: read line by line. */
itOnLinux.each(HOSTILE.slice(0, 3))('%s as results of an earlier run', async (_, put) => {
  const path = join(folder, 'results.jsonl');
  put(path);
  try {
    await expect(openEarlierResults(path)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await expect(readResults(path).next()).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' });
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
