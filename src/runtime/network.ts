/** A written graph, opened in ONNX Runtime: the only importer of onnxruntime-node. */
import './no-telemetry.js';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { WrittenGraph } from '../graph/graph-builder.js';
import { messageOf, RefineError } from '../errors.js';
import { tensor, type Tensor } from '../tensor/tensor.js';

/** Numbers that index: token ids and places. */
export interface Integers {
  readonly integers: readonly number[];
}

export type Feeds = Readonly<Record<string, Tensor | Integers>>;

export interface Network {
  /** @throws SESSION_RUN */
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
  close(): Promise<void>;
}

/**
 * Opens a graph on the CPU. Weights are mapped from their files, not read: private memory is what inference needs.
 * @throws SESSION_CREATE
 */
export const openNetwork = async (graph: WrittenGraph): Promise<Network> => {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(graph.bytes, cpuOptions(graph));
  } catch (cause) {
    throw new RefineError(
      'SESSION_CREATE',
      `The inference engine could not open the ${graph.name}: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
  return {
    async run(feeds) {
      try {
        const results = await session.run(
          Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toOrt(feed)])),
        );
        return Object.fromEntries(session.outputNames.map((name) => [name, fromOrt(results[name])]));
      } catch (cause) {
        throw new RefineError('SESSION_RUN', `The ${graph.name} failed: ${messageOf(cause)}`, { cause });
      }
    },
    close: () => session.release(),
  };
};

/** Each choice was measured on the full-size UNet (docs/decisions/0002). */
const cpuOptions = ({ folder, usesReducedPrecision }: WrittenGraph): InferenceSession.SessionOptions => ({
  executionProviders: ['cpu'],
  /* The next level copies every convolution's weights into a blocked layout: 3 GB and 20 s for a few percent. */
  graphOptimizationLevel: 'extended',
  /* The arena never gives back: half-precision weights, cast one at a time, would stay as 5 GB of private memory. */
  enableCpuMemArena: false,
  logSeverityLevel: 3,
  extra: {
    session: {
      model_external_initializers_file_folder_path: folder,
      /* Packing copies the linear layers' weights out of the map. */
      disable_prepacking: '1',
      /* Waiting threads sleep: the decoders and encoders of pictures need the cores between steps. */
      intra_op: { allow_spinning: '0' },
    },
    /* Folding would cast every half-precision weight at load, into private memory of twice the file. */
    ...(usesReducedPrecision ? { optimization: { disable_specified_optimizers: 'ConstantFolding' } } : {}),
  },
});

const toOrt = (feed: Tensor | Integers): OrtTensor =>
  'integers' in feed
    ? new OrtTensor('int64', BigInt64Array.from(feed.integers, BigInt), [feed.integers.length])
    : new OrtTensor('float32', feed.data, feed.dims);

const fromOrt = (value: InferenceSession.OnnxValueMapType[string] | undefined): Tensor => {
  const { data, dims } = value as OrtTensor;
  return tensor(data as Float32Array, dims);
};
