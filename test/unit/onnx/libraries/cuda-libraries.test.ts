import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { examineCuda, hasOwnCuda } from '#src/onnx/libraries/cuda-libraries.js';
import { CUDA_WHEELS, folderNameOf } from '#src/onnx/libraries/cuda-wheels.js';
import type { LibrarySearch } from '#src/onnx/libraries/library-search.js';
import { loaderEnvironment } from '#src/onnx/libraries/loader-environment.js';
import { findMissingLibrary } from '#src/onnx/devices/missing-libraries.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const folderWith = (...names: string[]): string => {
  const folder = temporaryFolder();
  for (const name of names) writeFileSync(join(folder, name), '');
  return folder;
};

const TWELVE = [
  'libcudart.so.12',
  'libcublas.so.12',
  'libcublasLt.so.12',
  'libcufft.so.11',
  'libcurand.so.10',
  'libcudnn.so.9',
];
const THIRTEEN = [
  'libcudart.so.13',
  'libcublas.so.13',
  'libcublasLt.so.13',
  'libcurand.so.10',
  'libcudnn.so.9',
  'libnvrtc.so.13',
];
const PROVIDER = 'libonnxruntime_providers_cuda.so';
const linux: LibrarySearch = {
  env: { PATH: '' },
  libraryFolder: '/nowhere/sdxl-refine',
  addedFolder: null,
  platform: 'linux',
  arch: 'x64',
  usualFolders: [],
};

/** A folder of ONNX Runtime's libraries with a provider that was linked with a version of CUDA. */
const engineFor = (cuda: 12 | 13): string => {
  const engine = folderWith();
  writeFileSync(join(engine, PROVIDER), `\u007fELF…\0libcublas.so.${cuda}\0libcudart.so.${cuda}\0`);
  return engine;
};

/** What `devices add` leaves, with empty files. */
const added = (isWanted: (isEngine: boolean) => boolean = () => true): string => {
  const libraries = temporaryFolder();
  for (const wheel of CUDA_WHEELS.filter(({ isEngine }) => isWanted(isEngine))) {
    const folder = join(libraries, folderNameOf(wheel));
    mkdirSync(folder);
    for (const { name } of wheel.files) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'wheel.json'), JSON.stringify(wheel));
  }
  return libraries;
};
const inAdded = (libraries: string, project: string): string =>
  join(libraries, folderNameOf(CUDA_WHEELS.find((wheel) => wheel.project === project)!));

/** A search on a machine with this driver, by a stand-in for nvidia-smi. */
const withDriver = (version: string): LibrarySearch => {
  const bin = temporaryFolder();
  writeFileSync(join(bin, 'nvidia-smi'), `#!/bin/sh\necho '0, GPU-1, Card, 8.9, 1024, ${version}'\n`);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  return { ...linux, env: { PATH: `${bin}:/bin:/usr/bin` }, usualFolders: [folderWith('libcuda.so.1')] };
};

it('without any library, says what gets CUDA 13', async () => {
  const { available, libraries, provider, commands, cuda } = await examineCuda(linux);
  expect({ available, cuda }).toEqual({ available: true, cuda: 13 });
  expect(libraries).toEqual(THIRTEEN.map((name) => ({ name, path: null })));
  expect(provider.path).toBeNull();
  expect(commands).toEqual(['sdxl-refine devices add cuda']);
});

it('searches LD_LIBRARY_PATH first, then the usual folders', async () => {
  const own = folderWith('libcudart.so.12', 'libcudart.so.13');
  const usual = folderWith('libcudart.so.12', ...TWELVE.slice(1));
  const engine = engineFor(12);
  const { libraries, provider, commands, cuda } = await examineCuda({
    ...linux,
    env: { LD_LIBRARY_PATH: `:${join(own, 'not-there')}:${own}` },
    usualFolders: [usual],
    libraryFolder: engine,
  });
  expect(cuda).toBe(12);
  expect(libraries[0]).toEqual({ name: 'libcudart.so.12', path: join(own, 'libcudart.so.12') });
  expect(libraries[5]).toEqual({ name: 'libcudnn.so.9', path: join(usual, 'libcudnn.so.9') });
  expect(provider.path).toBe(join(engine, PROVIDER));
  expect(commands).toEqual([]);
});

it('offers nothing where the engine has no CUDA', async () => {
  for (const [platform, arch] of [
    ['darwin', 'arm64'],
    ['win32', 'x64'],
    ['linux', 'arm64'],
  ] as const) {
    expect(await examineCuda({ ...linux, platform, arch })).toMatchObject({ available: false, commands: [] });
  }
});

itOnLinux('an old driver gets CUDA 12, by the install script and packages, and only what is missing', async () => {
  const old = withDriver('570.86.15');
  const report = await examineCuda(old);
  expect(report).toMatchObject({ driver: '570.86.15', cuda: 12 });
  expect(report.commands).toEqual([
    expect.stringMatching(/^sudo apt-get install cuda-libraries-12/),
    expect.stringMatching(/^npm install .* onnxruntime-node@1\.30\.0$/),
    expect.stringMatching(/install.js$/),
    expect.stringMatching(/^mv .*libonnxruntime_providers_\* '\/nowhere\/sdxl-refine'$/),
  ]);
  expect((await examineCuda({ ...old, usualFolders: [folderWith('libcuda.so.1', ...TWELVE)] })).commands).toHaveLength(
    3,
  );
  expect((await examineCuda({ ...old, libraryFolder: engineFor(12) })).commands).toHaveLength(1);
  expect(await findMissingLibrary('cuda', old)).toMatchObject({
    remedy: expect.stringMatching(
      /^The driver 570\.86\.15 is older than CUDA 13 needs \(580\)\. For CUDA 12: /,
    ) as string,
  });
});

itOnLinux('the missing driver comes first, then what devices add brings', async () => {
  expect(await findMissingLibrary('cuda', linux)).toMatchObject({
    reason: 'it needs NVIDIA’s driver (libcuda.so.1), which is not here',
    remedy: expect.stringContaining('580 or newer, then run "sdxl-refine devices add cuda"') as string,
  });
  expect(await findMissingLibrary('cuda', { ...withDriver('580.1'), addedFolder: added() })).toBeNull();
  expect(await findMissingLibrary('cuda', withDriver('580.1'))).toMatchObject({
    reason: expect.stringMatching(/^it needs libonnxruntime_providers_cuda\.so, libcudart\.so\.13/) as string,
    remedy: 'Run "sdxl-refine devices add cuda"',
    isHardwareHere: true,
  });
});

it('takes what was added, and the machine’s own CUDA before NVIDIA’s wheels, but only whole', async () => {
  const libraries = added();
  const all = await examineCuda({ ...linux, addedFolder: libraries });
  expect(all).toMatchObject({ cuda: 13, commands: [] });
  expect(all.provider.path).toBe(join(inAdded(libraries, 'onnxruntime-gpu'), PROVIDER));
  expect(all.libraries[1]?.path).toBe(join(inAdded(libraries, 'nvidia-cublas'), 'libcublas.so.13'));

  const own = folderWith(...THIRTEEN);
  const withOwn = await examineCuda({ ...linux, addedFolder: libraries, usualFolders: [own] });
  expect(withOwn.libraries.map(({ path }) => path)).toEqual(THIRTEEN.map((name) => join(own, name)));
  const most = folderWith(...THIRTEEN.slice(1));
  const mixed = await examineCuda({ ...linux, addedFolder: libraries, usualFolders: [most] });
  expect(mixed.libraries).toEqual(all.libraries);

  expect(await hasOwnCuda({ ...linux, usualFolders: [own] })).toBe(true);
  expect(await hasOwnCuda({ ...linux, usualFolders: [most] })).toBe(false);
  const engineAlone = added((isEngine) => isEngine);
  expect((await examineCuda({ ...linux, addedFolder: engineAlone })).commands).toEqual([
    'sdxl-refine devices add cuda',
  ]);
  expect((await examineCuda({ ...linux, addedFolder: engineAlone, usualFolders: [own] })).commands).toEqual([]);
});

it('a folder without its note, as one that is not whole, is not there', async () => {
  const libraries = added();
  writeFileSync(join(inAdded(libraries, 'nvidia-cublas'), 'wheel.json'), '{"project":');
  const { libraries: found } = await examineCuda({ ...linux, addedFolder: libraries });
  expect(found.filter(({ path }) => path === null).map(({ name }) => name)).toEqual([
    'libcublas.so.13',
    'libcublasLt.so.13',
  ]);
});

describe('the environment of a process', () => {
  const libraries = added();
  const search = { ...linux, addedFolder: libraries };

  it('has the folders of what was added, ONNX Runtime’s first, for CUDA alone', async () => {
    const env = { LD_LIBRARY_PATH: '/mine', HOME: '/home/me' };
    expect(await loaderEnvironment('cpu', env, search)).toEqual(env);
    const { LD_LIBRARY_PATH: path, ...rest } = await loaderEnvironment('cuda', env, search);
    const folders = path!.split(':');
    expect(folders[0]).toBe(inAdded(libraries, 'onnxruntime-gpu'));
    expect(folders.at(-1)).toBe('/mine');
    expect([...folders].sort()).toEqual(
      [...CUDA_WHEELS.map((wheel) => join(libraries, folderNameOf(wheel))), '/mine'].sort(),
    );
    expect(rest).toEqual({ HOME: '/home/me' });
  });

  it('has no folder of the system, where other programs’ ONNX Runtime may be', async () => {
    const own = folderWith(...THIRTEEN);
    const there = { ...search, env: { LD_LIBRARY_PATH: own }, usualFolders: [] };
    expect((await loaderEnvironment('cuda', there.env, there))['LD_LIBRARY_PATH']).toBe(
      `${inAdded(libraries, 'onnxruntime-gpu')}:${own}`,
    );
  });

  it('stays as it is where CUDA is not complete', async () => {
    expect(await loaderEnvironment('cuda', { A: 'b' }, linux)).toEqual({ A: 'b' });
  });
});
