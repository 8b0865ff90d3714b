import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examineCuda, type LibrarySearch } from '#src/onnx/devices/cuda-libraries.js';

const folderWith = (...names: string[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-cuda-'));
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), '');
  return folder;
};

const LIBRARIES = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
];
const linux: LibrarySearch = {
  env: {},
  libraryFolder: '/nowhere/sdxl-refine',
  platform: 'linux',
  arch: 'x64',
  usualFolders: [],
};

it('without any library, lists the commands that install them', async () => {
  const { available, libraries, provider, commands } = await examineCuda(linux);
  expect(available).toBe(true);
  expect(libraries).toEqual(LIBRARIES.map((name) => ({ name, path: null })));
  expect(provider.path).toBeNull();
  expect(commands).toEqual([
    expect.stringMatching(/^sudo apt-get install/),
    expect.stringMatching(/^npm install .* onnxruntime-node@1/),
    expect.stringMatching(/install.js$/),
    expect.stringMatching(/^mv .*libonnxruntime_providers_\* '\/nowhere\/sdxl-refine'$/),
  ]);
});

it('searches LD_LIBRARY_PATH first, then the usual folders', async () => {
  const own = folderWith('libcudart.so.12', 'libcudart.so.13');
  const usual = folderWith('libcudart.so.12', ...LIBRARIES.slice(1));
  const engine = folderWith('libonnxruntime_providers_cuda.so');
  const { libraries, provider, commands } = await examineCuda({
    ...linux,
    env: { LD_LIBRARY_PATH: `:${join(own, 'not-there')}:${own}` },
    usualFolders: [usual],
    libraryFolder: engine,
  });
  expect(libraries[0]).toEqual({ name: 'libcudart.so.12', path: join(own, 'libcudart.so.12') });
  expect(libraries[5]).toEqual({ name: 'libcudnn.so.9', path: join(usual, 'libcudnn.so.9') });
  expect(provider.path).toBe(join(engine, 'libonnxruntime_providers_cuda.so'));
  expect(commands).toEqual([]);
});

it('installs only missing libraries, and none where the engine has no CUDA', async () => {
  const onlyProvider = await examineCuda({ ...linux, usualFolders: [folderWith(...LIBRARIES)] });
  expect(onlyProvider.commands).toHaveLength(3);
  for (const [platform, arch] of [
    ['darwin', 'arm64'],
    ['win32', 'x64'],
    ['linux', 'arm64'],
  ] as const) {
    expect(await examineCuda({ ...linux, platform, arch })).toMatchObject({ available: false, commands: [] });
  }
});

it('takes the CUDA version from the provider, else from the installed libraries', async () => {
  const engine = folderWith();
  const path = join(engine, 'libonnxruntime_providers_cuda.so');
  writeFileSync(path, '\u007fELF…\0libcublas.so.13\0libcudart.so.13\0');
  const thirteen = ['libcudart.so.13', 'libcublas.so.13', 'libcublasLt.so.13', 'libcurand.so.10', 'libcudnn.so.9'];
  const made = await examineCuda({ ...linux, libraryFolder: engine, usualFolders: [folderWith(...LIBRARIES)] });
  expect(made.cuda).toBe(13);
  expect(made.libraries.map(({ name }) => name)).toEqual(thirteen);
  expect(made.commands).toEqual([expect.stringContaining('cuda-libraries-13')]);
  const installed = await examineCuda({ ...linux, usualFolders: [folderWith(...thirteen)], libraryFolder: '/engine' });
  expect(installed.cuda).toBe(13);
  expect(installed.commands[0]).toBe('pip download --no-deps onnxruntime-gpu==1.30.0');
});
