/** Where ONNX Runtime's native libraries are. Loads none of them. */
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = fileURLToPath(new URL('../../../vendor/onnxruntime-node', import.meta.url));

/** It need not exist: a package has the libraries of the systems that it was made for. */
export const libraryFolder = (): string => join(PACKAGE, 'bin', 'napi-v6', platform(), arch());
