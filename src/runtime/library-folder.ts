/** Where the native libraries of onnxruntime-node lie. Loads none of them. */
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';

/** @returns null: the package is not installed. The folder need not be there: not every system has libraries. */
export const libraryFolder = (): string | null => {
  try {
    const packageFile = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
    /* napi-v6 is the only interface that 1.30 comes with (its package.json, binary.napi_versions). */
    return join(dirname(packageFile), 'bin', 'napi-v6', platform(), arch());
  } catch {
    return null;
  }
};
