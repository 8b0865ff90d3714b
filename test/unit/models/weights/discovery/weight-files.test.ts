import { chooseWeightFiles } from '#src/models/weights/discovery/weight-files.js';
import { errorOf, newFolder, write } from '../build-safetensors.js';

const STEM = 'diffusion_pytorch_model';

/** A folder with empty files of these names, and indices where a list of shards is given. */
const folderOf = (files: Record<string, readonly unknown[] | ''>): string => {
  const folder = newFolder();
  for (const [name, shards] of Object.entries(files)) {
    const index = (names: readonly unknown[]): string =>
      JSON.stringify({ weight_map: Object.fromEntries(names.map((shard, i) => [`tensor.${i}`, shard])) });
    write(folder, name, shards === '' ? '' : index(shards));
  }
  return folder;
};
const choose = async (folder: string, variant?: string): Promise<[files: string[], variant: string | null]> => {
  const chosen = await chooseWeightFiles(folder, STEM, variant);
  return [chosen.weightFiles.map((path) => path.slice(folder.length + 1)), chosen.variant];
};

const PLAIN = `${STEM}.safetensors`;
const FP16 = `${STEM}.fp16.safetensors`;

it('the plain copy wins, unless the variant is requested', async () => {
  const folder = folderOf({ [PLAIN]: '', [FP16]: '', 'config.json': '', [`${STEM}.bin`]: '' });
  expect(await choose(folder)).toEqual([[PLAIN], null]);
  expect(await choose(folder, 'fp16')).toEqual([[FP16], 'fp16']);
  expect(await choose(folder, 'bf16')).toEqual([[PLAIN], null]);
});

it('the only variant is chosen', async () => {
  expect(await choose(folderOf({ [FP16]: '' }))).toEqual([[FP16], 'fp16']);
});

it('two variants without a plain copy are ambiguous, unless one is requested', async () => {
  const folder = folderOf({ [FP16]: '', [`${STEM}.non_ema.safetensors`]: '' });
  const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => choose(folder));
  expect(message).toContain('variants fp16, non_ema');
  expect(await choose(folder, 'non_ema')).toEqual([[`${STEM}.non_ema.safetensors`], 'non_ema']);
});

it.each([
  [`${STEM}.safetensors.index.json`, null],
  [`${STEM}.safetensors.index.fp16.json`, 'fp16'],
  [`${STEM}.safetensors.fp16.index.json`, 'fp16'],
  [`${STEM}.fp16.safetensors.index.json`, 'fp16'],
])('shards by the index %s', async (index, variant) => {
  const infix = variant === null ? '' : `.${variant}`;
  const shards = [1, 2].map((i) => `${STEM}${infix}-0000${i}-of-00002.safetensors`);
  const folder = folderOf({ [index]: [...shards, ...shards], [shards[0]!]: '', [shards[1]!]: '' });
  expect(await choose(folder)).toEqual([shards, variant]);
});

it('shards named the older way, variant last', async () => {
  const shards = [1, 2].map((i) => `${STEM}-0000${i}-of-00002.fp16.safetensors`);
  const folder = folderOf({ [`${STEM}.safetensors.index.fp16.json`]: shards, [shards[0]!]: '', [shards[1]!]: '' });
  expect(await choose(folder)).toEqual([shards, 'fp16']);
});

it('a missing shard is named, and the index that refers to it', async () => {
  const index = `${STEM}.safetensors.index.json`;
  const folder = folderOf({ [index]: ['a.safetensors', 'b.safetensors', 'c.safetensors'], 'a.safetensors': '' });
  const error = await errorOf('WEIGHTS_FILE_MISSING', () => choose(folder));
  expect(error.message).toContain(`${folder}/b.safetensors is missing, and 1 more`);
  expect(error.message).toContain(index);
  expect(error.context['missing']).toEqual(['b.safetensors', 'c.safetensors']);
});

it('a complete variant wins over incomplete plain shards, unless another is requested', async () => {
  const folder = folderOf({ [`${STEM}.safetensors.index.json`]: ['gone.safetensors'], [FP16]: '' });
  expect(await choose(folder)).toEqual([[FP16], 'fp16']);
  const other = folderOf({ [`${STEM}.safetensors.index.fp16.json`]: ['gone.safetensors'], [PLAIN]: '' });
  expect(await choose(other)).toEqual([[PLAIN], null]);
  await errorOf('WEIGHTS_FILE_MISSING', () => choose(other, 'fp16'));
});

it.each([
  '../../../etc/passwd.safetensors',
  '/etc/a.safetensors',
  'sub/a.safetensors',
  '..\\a.safetensors',
  'a.bin',
  'a\0.safetensors',
  '\u001b[2J.safetensors',
  '',
  3,
  null,
])('refuses the shard name %j', async (name) => {
  const folder = folderOf({ [`${STEM}.safetensors.index.json`]: [name] });
  const { message } = await errorOf('MODEL_CONFIG_INVALID', () => choose(folder));
  expect(message).toContain(`names the shard ${JSON.stringify(name)}`);
});

it.each(['{}', '{"weight_map":{}}', '{"weight_map":[]}', '{"weight_map":null}'])(
  'refuses the index %s',
  async (json) => {
    const folder = newFolder();
    write(folder, `${STEM}.safetensors.index.json`, json);
    expect((await errorOf('MODEL_CONFIG_INVALID', () => choose(folder))).message).toContain('has no "weight_map"');
  },
);

it('pickled weights only: the error says why, and how to convert', async () => {
  const folder = folderOf({ [`${STEM}.bin`]: '', [`${STEM}.fp16.bin`]: '' });
  const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => choose(folder));
  expect(message).toContain('diffusion_pytorch_model.bin');
  expect(message).toContain('safe_serialization=True');
});

it('files with other names are ignored: another component, a single shard, an index of pickled shards', async () => {
  const folder = folderOf({
    'model.safetensors': '',
    [`${STEM}-00001-of-00002.safetensors`]: '',
    [`${STEM}.fp16-00001-of-00002.safetensors`]: '',
    [`${STEM}.bin.index.json`]: '',
    [`${STEM}.a.b.safetensors`]: '',
  });
  const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => choose(folder));
  expect(message).toContain(`looked for ${PLAIN}`);
});

it('a folder that cannot be listed', async () => {
  const { message } = await errorOf('WEIGHTS_FILE_MISSING', () => choose('/no/such/folder'));
  expect(message).toContain('Cannot read the folder /no/such/folder');
});
