/** Which libraries the loader takes in the processes that are started for a device. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { pathToFileURL } from 'node:url';
import { CPU } from '#src/onnx/graph/operators/target.js';
import { CUDA_WHEELS, folderNameOf } from '#src/onnx/libraries/cuda-wheels.js';
import { probe } from '#src/onnx/devices/probe.js';
import { libraryFolder } from '#src/onnx/runtime/library-folder.js';
import { root } from '../../../support/golden.js';
import { skipWhere } from '../../../support/skip-where.js';
import { temporaryFolder } from '../../../support/run-cli.js';

const { it: itOnLinuxX64 } = skipWhere(
  process.platform === 'linux' && process.arch === 'x64' ? null : 'CUDA is for Linux on x64 only',
);

/** A cache as `devices add cuda` leaves it: the engine's library is the package's own, the others are empty. */
const cacheWithLibraries = (): string => {
  const cache = temporaryFolder();
  for (const wheel of CUDA_WHEELS) {
    const folder = join(cache, 'libraries', folderNameOf(wheel));
    mkdirSync(folder, { recursive: true });
    for (const { name } of wheel.files) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'wheel.json'), JSON.stringify(wheel));
    if (wheel.isEngine) {
      copyFileSync(join(libraryFolder(), 'libonnxruntime.so.1'), join(folder, 'libonnxruntime.so.1'));
    }
  }
  return cache;
};

/** A probe that tells which of ONNX Runtime's libraries its process has loaded. */
const child = (): URL => {
  const path = join(temporaryFolder(), 'child.mjs');
  const runtime = pathToFileURL(join(root, 'dist/onnx/runtime/backends.js')).href;
  writeFileSync(
    path,
    `import { readFileSync } from 'node:fs';
    process.once('message', async () => {
      await import(${JSON.stringify(runtime)});
      const maps = readFileSync('/proc/self/maps', 'utf8');
      process.send({ kind: 'failed', message: /\\/\\S*libonnxruntime\\.so\\.1/.exec(maps)?.[0] ?? 'none' });
      process.disconnect();
    });`,
  );
  return pathToFileURL(path);
};

itOnLinuxX64('a process for CUDA loads what was added, any other the package’s own, in one environment', async () => {
  const [cache, module] = [cacheWithLibraries(), child()];
  const before = env['SDXL_REFINE_CACHE'];
  env['SDXL_REFINE_CACHE'] = cache;
  try {
    const loadedFor = async (family: 'cpu' | 'cuda'): Promise<string | null> =>
      (await probe({ targets: [{ ...CPU, family }], slowest: null }, { child: module })).failure;
    expect(await loadedFor('cpu')).toBe(join(libraryFolder(), 'libonnxruntime.so.1'));
    expect(await loadedFor('cuda')).toBe(join(cache, 'libraries/onnxruntime-gpu-1.30.0/libonnxruntime.so.1'));
  } finally {
    if (before === undefined) delete env['SDXL_REFINE_CACHE'];
    else env['SDXL_REFINE_CACHE'] = before;
  }
});
