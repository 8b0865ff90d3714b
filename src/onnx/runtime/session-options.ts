/** How ONNX Runtime opens a session on each device family. Each choice and its source: docs/decisions/0002 and 0008. */
import type { InferenceSession } from '#onnxruntime-node';
import type { WrittenGraph } from '../graph/onnx/graph-builder.js';
import type { DeviceFamily, Target } from '../graph/operators/target.js';

type Options = InferenceSession.SessionOptions;

/** CoreML's flags: a program rather than a neural network, CPU and GPU, fixed shapes (coreml_provider_factory.h). */
const COREML_FLAGS = 0x10 | 0x20 | 0x08;
const ERRORS_ONLY = 3;

/** Families that compile the whole graph for the sizes it is given. */
export const wantsFixedSizes = ({ family }: Target): boolean => family === 'dml' || family === 'coreml';

export const sessionOptions = (graph: WrittenGraph): Options => ({
  logSeverityLevel: ERRORS_ONLY,
  ...FAMILY_OPTIONS[graph.target.family](graph),
});

const cpu = ({ folder, isForeign, packsWeights }: WrittenGraph): Options => ({
  executionProviders: ['cpu'],
  /*
   * Our graphs name the fused operators themselves: looking for more finds nothing, and takes a third of opening. Folding
   * would cast weights and transform kernels: 14 s and 9 GB of private memory for the full-size UNet. Of foreign graphs,
   * the next level copies every convolution's weights into a blocked layout: 3 GB and 20 s for a few percent.
   */
  graphOptimizationLevel: isForeign ? 'extended' : 'disabled',
  /* The arena never gives back: half-precision weights, cast one at a time, would stay as 5 GB of private memory. */
  enableCpuMemArena: false,
  /* Planned as one piece from the second run on, temporary tensors took twice the memory, and no less time. */
  enableMemPattern: false,
  extra: {
    session: {
      model_external_initializers_file_folder_path: folder,
      /* Packing copies weights out of the map. */
      disable_prepacking: packsWeights ? '0' : '1',
      /* Waiting threads sleep: the decoders and encoders of pictures need the cores between steps. */
      intra_op: { allow_spinning: '0' },
    },
  },
});

/** What stays on the CPU beside a GPU are shapes and small integers. */
const beside = ({ folder }: WrittenGraph): Pick<Options, 'extra'> => ({
  extra: { session: { model_external_initializers_file_folder_path: folder, intra_op: { allow_spinning: '0' } } },
});

const FAMILY_OPTIONS: Readonly<Record<DeviceFamily, (graph: WrittenGraph) => Options>> = {
  cpu,
  /* The binding passes the device's number and nothing else, so layout and precision are in the graph. */
  cuda: (graph) => ({
    ...beside(graph),
    executionProviders: [{ name: 'cuda', deviceId: graph.target.index }],
    graphOptimizationLevel: 'extended',
  }),
  webgpu: (graph) => ({ ...beside(graph), executionProviders: ['webgpu'], graphOptimizationLevel: 'all' }),
  /* DirectML wants both off (its page in ONNX Runtime's documentation). */
  dml: (graph) => ({
    ...beside(graph),
    executionProviders: [{ name: 'dml', deviceId: graph.target.index }],
    enableMemPattern: false,
    executionMode: 'sequential',
  }),
  coreml: (graph) => ({
    ...beside(graph),
    executionProviders: [{ name: 'coreml', coreMlFlags: COREML_FLAGS }],
  }),
};
