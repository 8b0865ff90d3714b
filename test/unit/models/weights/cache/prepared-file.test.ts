import { readdirSync, readFileSync, realpathSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openWeights } from '#src/models/weights/discovery/open-weights.js';
import { prepareInt8 } from '#src/models/weights/cache/prepare-int8.js';
import { prepareKernels } from '#src/models/weights/cache/prepare-kernels.js';
import { PreparedFile, type Place } from '#src/models/weights/cache/prepared-file.js';
import { entry, errorOf, fileOf, floats, newFolder, write } from '../build-safetensors.js';

const LINEAR = [1, -2, 0.5, 0.03, 0.02, -0.01];
const source = (): string => {
  const header = { linear: entry('F32', [2, 3], 0, 24), conv: entry('F32', [40, 1, 3, 3], 24, 24 + 40 * 36) };
  const conv = Array.from({ length: 360 }, (_, i) => i);
  return write(newFolder(), 'a.safetensors', fileOf(header, floats(...LINEAR, ...conv)));
};
const bytesAt = ({ file, offset, byteLength }: Place): ArrayBuffer =>
  new Uint8Array(readFileSync(file).subarray(offset, offset + byteLength)).buffer;

const prepare = async (path: string, folder: string) => {
  const weights = await openWeights([path]);
  const file = await PreparedFile.of(weights, 'int8', {}, folder);
  const linear = prepareInt8(file, weights.require('linear', [2, 3]));
  /* The sum of a kernel, and its last weight. */
  const matrix = Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  const conv = prepareKernels(file, weights.require('conv', [40, 1, 3, 3]), matrix, 1);
  return { file, linear, conv };
};

it('contains the prepared tensors at their places', async () => {
  const { file, linear, conv } = await prepare(source(), join(newFolder(), 'new', 'folder'));
  await file.make();
  expect([...new Int8Array(bytesAt(linear.values))]).toEqual([32, 63, -63, 42, 16, -21]);
  expect([...new Float32Array(bytesAt(linear.scales))]).toEqual([2 / 63, 0.03 / 63].map(Math.fround));
  const sums = Array.from({ length: 40 }, (_, i) => 81 * i + 36);
  const lasts = Array.from({ length: 40 }, (_, i) => 9 * i + 8);
  expect([...new Float32Array(bytesAt(conv))]).toEqual([...sums, ...lasts]);
  expect(conv.shape).toEqual([2 * 40, 1, 1, 1]);
});

it('is written once, and again for other weights', async () => {
  const [path, folder] = [source(), newFolder()];
  const first = await prepare(path, folder);
  await first.file.make();
  utimesSync(first.file.file, 1, 1);
  const again = await prepare(path, folder);
  await again.file.make();
  expect(again.file.file).toBe(first.file.file);
  expect(statSync(first.file.file).mtimeMs).toBe(1000);
  utimesSync(path, 5, 5);
  expect((await prepare(path, folder)).file.file).not.toBe(first.file.file);
});

it('replaces a file of another length', async () => {
  const { file, linear } = await prepare(source(), newFolder());
  writeFileSync(file.file, 'torn');
  await file.make();
  expect(new Int8Array(bytesAt(linear.values))).toHaveLength(6);
});

const [OLD, YOUNG] = [`${'a'.repeat(32)}.int8.1-0123abcd.tmp`, `${'b'.repeat(32)}.int8.2-0123abcd.tmp`];
const OLD_TIMES = '.sdxl-refine-1-0123abcd0123abcd.tmp';

it('removes old temporary files of ended processes, and nothing else', async () => {
  const folder = newFolder();
  const leave = (name: string): void => {
    writeFileSync(join(folder, name), '');
  };
  [OLD, OLD_TIMES, 'old.int8', YOUNG, 'theirs.tmp'].forEach(leave);
  const long = Date.now() / 1000 - 2 * 3600;
  for (const name of [OLD, OLD_TIMES, 'old.int8', 'theirs.tmp']) utimesSync(join(folder, name), long, long);
  const { file } = await prepare(source(), folder);
  await file.make();
  expect(readdirSync(folder).sort()).toEqual([basename(file.file), 'old.int8', YOUNG, 'theirs.tmp'].sort());
});

it('its path is real, also below a link', async () => {
  const [real, links] = [realpathSync(newFolder()), newFolder()];
  symlinkSync(real, join(links, 'link'));
  const { file } = await prepare(source(), join(links, 'link'));
  expect(dirname(file.file)).toBe(real);
});

it('several writers at once leave one complete file', async () => {
  const [path, folder] = [source(), newFolder()];
  const all = await Promise.all([prepare(path, folder), prepare(path, folder), prepare(path, folder)]);
  await Promise.all(all.map(({ file }) => file.make()));
  expect(readdirSync(folder)).toHaveLength(1);
  expect([...new Int8Array(bytesAt(all[0].linear.values))]).toEqual([32, 63, -63, 42, 16, -21]);
});

it('an unwritable folder is an error with path and remedy', async () => {
  const place = write(newFolder(), 'a-file', '');
  const { message, exitCode } = await errorOf('CACHE_UNWRITABLE', () => prepare(source(), join(place, 'below')));
  expect(message).toContain(place);
  expect(message).toContain('SDXL_REFINE_CACHE');
  expect(exitCode).toBe(6);
});

it('leaves no partial file when the weights become unreadable', async () => {
  const [path, folder] = [source(), newFolder()];
  const { file } = await prepare(path, folder);
  writeFileSync(path, 'gone');
  await errorOf('WEIGHTS_FILE_MISSING', () => file.make());
  expect(readdirSync(folder)).toEqual([]);
});
