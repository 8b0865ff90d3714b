/** A written graph, opened in ONNX Runtime on the device that it was written for. */
import './no-telemetry.js';
import { InferenceSession, Tensor as OrtTensor } from '#onnxruntime-node';
import { fixDimensions } from '../graph/onnx/fix-dimensions.js';
import type { WrittenGraph } from '../graph/onnx/graph-builder.js';
import { deviceName } from '../graph/operators/target.js';
import { messageOf, RefineError } from '../../errors.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { sessionOptions, wantsFixedSizes } from './session-options.js';

/** Numbers that index: token ids and places. */
export interface Integers {
  readonly integers: readonly number[];
  /** Default: one dimension. */
  readonly dims?: readonly number[];
}

export type Feeds = Readonly<Record<string, Tensor | Integers>>;

export interface Network {
  /** @throws SESSION_RUN, and where sizes are fixed SESSION_CREATE */
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
  close(): Promise<void>;
}

/**
 * Opens a graph on its target. On the CPU weights are mapped from their files, not read: private memory is what inference
 * needs. Where the device compiles for fixed sizes, a session is made when the first inputs come, and again when sizes change.
 * @throws SESSION_CREATE
 */
export const openNetwork = async (graph: WrittenGraph): Promise<Network> =>
  wantsFixedSizes(graph.target) ? openForSizes(graph) : networkOf(graph, await openSession(graph));

const networkOf = (graph: WrittenGraph, session: InferenceSession): Network => ({
  run: (feeds) => runSession(graph, session, feeds),
  close: () => session.release(),
});

const openForSizes = (graph: WrittenGraph): Network => {
  let open: { sizes: string; session: InferenceSession } | undefined;
  const close = async (): Promise<void> => {
    await open?.session.release();
    open = undefined;
  };
  return {
    async run(feeds) {
      const dims = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, dimsOf(feed)]));
      const sizes = JSON.stringify(dims);
      if (open?.sizes !== sizes) {
        /* Two sessions would hold the weights twice. */
        await close();
        open = { sizes, session: await openSession(fixDimensions(graph, dims)) };
      }
      return runSession(graph, open.session, feeds);
    },
    close,
  };
};

const openSession = async (graph: WrittenGraph): Promise<InferenceSession> => {
  try {
    return await InferenceSession.create(graph.bytes, sessionOptions(graph));
  } catch (cause) {
    const where = graph.target.family === 'cpu' ? '' : ` on ${deviceName(graph.target)}`;
    throw new RefineError(
      'SESSION_CREATE',
      `The inference engine could not open the ${graph.name}${where}: ${messageOf(cause)}`,
      { cause },
    );
  }
};

const runSession = async (
  graph: WrittenGraph,
  session: InferenceSession,
  feeds: Feeds,
): Promise<Readonly<Record<string, Tensor>>> => {
  try {
    const results = await session.run(
      Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toOrt(feed)])),
    );
    return Object.fromEntries(session.outputNames.map((name) => [name, fromOrt(results[name])]));
  } catch (cause) {
    throw new RefineError('SESSION_RUN', `The ${graph.name} failed: ${messageOf(cause)}`, { cause });
  }
};

const dimsOf = (feed: Tensor | Integers): readonly number[] =>
  'integers' in feed ? (feed.dims ?? [feed.integers.length]) : feed.dims;

const toOrt = (feed: Tensor | Integers): OrtTensor =>
  'integers' in feed
    ? new OrtTensor('int64', BigInt64Array.from(feed.integers, BigInt), dimsOf(feed))
    : new OrtTensor('float32', feed.data, feed.dims);

const fromOrt = (value: InferenceSession.OnnxValueMapType[string] | undefined): Tensor => {
  const { data, dims } = value as OrtTensor;
  return tensor(data as Float32Array, dims);
};
