/** What the installed ONNX Runtime says of itself. Importing this loads its native part. */
import './no-telemetry.js';
import { env, listSupportedBackends } from '#onnxruntime-node';

export interface RuntimeFacts {
  /** Of onnxruntime-node. */
  version: string | null;
  /** Device families it was built for. `bundled: false`: it needs libraries that are downloaded apart, and may lack them. */
  backends: { name: string; bundled: boolean }[];
}

export const describeRuntime = (): RuntimeFacts => ({
  version: env.versions.node ?? null,
  backends: listSupportedBackends().map(({ name, bundled }) => ({ name, bundled })),
});
