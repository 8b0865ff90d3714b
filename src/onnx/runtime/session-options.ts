/** Session options of ONNX Runtime for each device family. Reasons and sources: docs/decisions/0002 and 0008. */
import type { InferenceSession } from '#onnxruntime-node';
import type { WrittenGraph } from '../graph/onnx/graph-builder.js';
import type { DeviceFamily, Target } from '../graph/operators/target.js';

type Options = InferenceSession.SessionOptions;

/** CoreML's flags: ML program, CPU and GPU, static input shapes (coreml_provider_factory.h). */
const COREML_FLAGS = 0x10 | 0x20 | 0x08;
const ERRORS_ONLY = 3;

/** Families that compile the whole graph for fixed input sizes. */
export const wantsFixedSizes = ({ family }: Target): boolean => family === 'dml' || family === 'coreml';

export const sessionOptions = (graph: WrittenGraph): Options => ({
  logSeverityLevel: ERRORS_ONLY,
  ...FAMILY_OPTIONS[graph.target.family](graph),
});

const cpu = ({ folder, isImported, prepacksWeights }: WrittenGraph): Options => ({
  executionProviders: ['cpu'],
  /*
   * Graphs written here already use fused operators: the search for more takes a third of opening and finds none. Constant folding
   * would cast weights and transform kernels: 14 s and 9 GB of private memory for the full-size UNet. For imported graphs
   * the next level, `all`, copies every convolution's weights into the NCHWc layout: 3 GB and 20 s for a few percent.
   */
  graphOptimizationLevel: isImported ? 'extended' : 'disabled',
  /* The arena never frees memory: half-precision weights, cast one at a time, would stay as 5 GB of private memory. */
  enableCpuMemArena: false,
  /* One planned buffer for all temporary tensors took twice the memory and the same time. */
  enableMemPattern: false,
  extra: {
    session: {
      model_external_initializers_file_folder_path: folder,
      /* Prepacking copies weights out of their mapped files. */
      disable_prepacking: prepacksWeights ? '0' : '1',
      /* Waiting threads sleep: image decoders and encoders need the cores between steps. */
      intra_op: { allow_spinning: '0' },
    },
  },
});

/** Options of the CPU beside a GPU, where it computes shapes and small integers. */
const besideGpu = ({ folder }: WrittenGraph) => ({
  extra: { session: { model_external_initializers_file_folder_path: folder, intra_op: { allow_spinning: '0' } } },
});

const FAMILY_OPTIONS: Readonly<Record<DeviceFamily, (graph: WrittenGraph) => Options>> = {
  cpu,
  /* onnxruntime-node passes no other CUDA option, so the graph itself decides layout and precision. */
  cuda: (graph) => ({
    /* The arena grows by doubling: 4.6 GB of weights could reserve 8. */
    extra: { session: { ...besideGpu(graph).extra.session, use_device_allocator_for_initializers: '1' } },
    executionProviders: [{ name: 'cuda', deviceId: graph.target.index }],
    graphOptimizationLevel: 'extended',
  }),
  webgpu: (graph) => ({ ...besideGpu(graph), executionProviders: ['webgpu'], graphOptimizationLevel: 'all' }),
  /* DirectML requires both (its page in ONNX Runtime's documentation). */
  dml: (graph) => ({
    ...besideGpu(graph),
    executionProviders: [{ name: 'dml', deviceId: graph.target.index }],
    enableMemPattern: false,
    executionMode: 'sequential',
  }),
  coreml: (graph) => ({
    ...besideGpu(graph),
    executionProviders: [{ name: 'coreml', coreMlFlags: COREML_FLAGS }],
  }),
};
