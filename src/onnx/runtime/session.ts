/** Opens written graphs as ONNX Runtime sessions on the device that they were written for. */
import './no-telemetry.js';
import { InferenceSession, Tensor as OrtTensor } from '#onnxruntime-node';
import { fixDimensions } from '../graph/onnx/fix-dimensions.js';
import type { WrittenGraph } from '../graph/onnx/graph-builder.js';
import { deviceName } from '../graph/operators/target.js';
import { messageOf, RefineError } from '../../errors.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { openLate } from './open-late.js';
import { sessionOptions, wantsFixedSizes } from './session-options.js';

/** An int64 tensor: token ids and indices. */
export interface Integers {
  readonly integers: readonly number[];
  /** Default: one dimension. */
  readonly dims?: readonly number[];
}

export type Feeds = Readonly<Record<string, Tensor | Integers>>;

export interface Session {
  /** @param outputs names; default: all @throws SESSION_RUN, and where sizes are fixed SESSION_CREATE at the first call */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
  close(): Promise<void>;
}

/**
 * Opens a graph on its target. On the CPU weights are mapped from their files, so private memory is only that of inference.
 * Devices that compile for fixed sizes open a session at the first run, and a new one when the sizes change.
 * @throws SESSION_CREATE
 */
export const openSession = async (graph: WrittenGraph): Promise<Session> =>
  wantsFixedSizes(graph.target) ? openForFixedSizes(graph) : sessionOf(graph, await createSession(graph));

const sessionOf = (graph: WrittenGraph, session: InferenceSession): Session => ({
  run: (feeds, outputs) => runSession(graph, session, feeds, outputs),
  close: () => session.release(),
});

const openForFixedSizes = (graph: WrittenGraph): Session => {
  let open: { sizes: string; session: InferenceSession } | undefined;
  let hasOpened = false;
  const close = async (): Promise<void> => {
    await open?.session.release();
    open = undefined;
  };
  return {
    async run(feeds, outputs) {
      const dims = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, dimsOf(feed)]));
      const sizes = JSON.stringify(dims);
      if (open?.sizes !== sizes) {
        /* Two sessions would have two copies of the weights. */
        await close();
        const create = (): Promise<InferenceSession> => createSession(fixDimensions(graph, dims));
        /* Once it has opened, the size of this row is the reason. */
        open = { sizes, session: hasOpened ? await openLate(create, 'take a smaller picture') : await create() };
        hasOpened = true;
      }
      return runSession(graph, open.session, feeds, outputs);
    },
    close,
  };
};

const createSession = async (graph: WrittenGraph): Promise<InferenceSession> => {
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
  outputs: readonly string[] = session.outputNames,
): Promise<Readonly<Record<string, Tensor>>> => {
  try {
    const results = await session.run(
      Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, toOrt(feed)])),
      outputs,
    );
    return Object.fromEntries(outputs.map((name) => [name, fromOrt(results[name])]));
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
