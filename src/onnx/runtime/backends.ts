/** Version and backends of the installed ONNX Runtime. Importing this loads its native library. */
import './no-telemetry.js';
import { env, listSupportedBackends } from '#onnxruntime-node';

export interface RuntimeInfo {
  /** Version of onnxruntime-node. */
  version: string | null;
  /** Device families that it supports. `bundled: false`: their libraries are installed separately and may be missing. */
  backends: { name: string; bundled: boolean }[];
}

export const describeRuntime = (): RuntimeInfo => ({
  version: env.versions.node ?? null,
  backends: listSupportedBackends().map(({ name, bundled }) => ({ name, bundled })),
});
