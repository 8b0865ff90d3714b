/** Folder of ONNX Runtime's native libraries. Loads none of them. */
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../../../vendor/onnxruntime-node', import.meta.url));

/** May not exist: each package has libraries for certain systems only. */
export const libraryFolder = (): string => join(PACKAGE, 'bin', 'napi-v6', platform(), arch());
