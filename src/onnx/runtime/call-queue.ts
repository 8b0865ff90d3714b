/**
 * Merges a network's calls by several jobs into one call with a larger batch: a GPU takes little longer for a few pictures
 * than for one. The jobs are independent and may be at different steps.
 */
import { concatBatch, sliceBatch, type Tensor } from '../../tensor/tensor.js';
import type { Feeds, Integers, Session } from './session.js';

/** Rules to merge a network's calls. Inputs not named here are shared: only calls with equal ones are merged. */
export interface MergeRules {
  /** Inputs with one row or more for each batch entry. Outputs are split in proportion to the rows of the first. */
  stacked: readonly string[] | ((input: string) => boolean);
  /** int64 inputs whose numbers are rows of another input. */
  indices?: Readonly<Record<string, string>>;
  /** Largest batch, in rows of the first stacked input; default: any. */
  limit?: (feeds: Feeds) => number;
}

interface Call {
  network: Network;
  feeds: Feeds;
  outputs: readonly string[] | undefined;
  resolve: (outputs: Outputs) => void;
  reject: (error: unknown) => void;
}

interface Network {
  session: Session;
  rules: MergeRules;
  /** Most calls in a batch; halved when a batch fails whose parts succeed. */
  mostCalls: number;
}

type Outputs = Readonly<Record<string, Tensor>>;

export class CallQueue {
  #jobs = 0;
  #isRunning = false;
  readonly #waiting: Call[] = [];

  /** Runs a job. Calls wait until every running job has one. */
  async during<T>(job: () => Promise<T>): Promise<T> {
    this.#jobs++;
    try {
      return await job();
    } finally {
      this.#jobs--;
      this.#runNext();
    }
  }

  /** The session with merged calls. @param rules null: calls run one after the other */
  queued(session: Session, rules: MergeRules | null): Session {
    const network: Network = { session, rules: rules ?? { stacked: [] }, mostCalls: rules === null ? 1 : Infinity };
    return {
      run: (feeds, outputs) =>
        new Promise((resolve, reject) => {
          this.#waiting.push({ network, feeds, outputs, resolve, reject });
          /* Wait for jobs that begin in the same turn of the event loop. */
          setImmediate(() => {
            this.#runNext();
          });
        }),
      close: () => session.close(),
    };
  }

  #runNext(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#isRunning || this.#waiting.length < this.#jobs) return;
    const calls = mergeable(first, this.#waiting);
    for (const call of calls) this.#waiting.splice(this.#waiting.indexOf(call), 1);
    this.#isRunning = true;
    void runCalls(calls).then(() => {
      this.#isRunning = false;
      this.#runNext();
    });
  }
}

/** `first` and the calls that can run in one batch with it. */
const mergeable = (first: Call, waiting: readonly Call[]): Call[] => {
  const { rules, mostCalls } = first.network;
  const limit = rules.limit?.(first.feeds) ?? Infinity;
  const calls = [first];
  if (mostCalls === 1) return calls;
  let rows = rowsOf(first);
  for (const call of waiting) {
    if (calls.length >= mostCalls) break;
    if (call === first || call.network !== first.network || !isAlike(first, call)) continue;
    if (rows + rowsOf(call) > limit) continue;
    rows += rowsOf(call);
    calls.push(call);
  }
  return calls;
};

/** Settles all calls, and never rejects. @returns whether all succeeded */
const runCalls = async (calls: readonly Call[]): Promise<boolean> => {
  const [first] = calls;
  if (first === undefined) return true;
  const { network } = first;
  try {
    const outputs = await network.session.run(calls.length === 1 ? first.feeds : mergeFeeds(calls), first.outputs);
    if (calls.length === 1) {
      first.resolve(outputs);
      return true;
    }
    const all = calls.reduce((sum, call) => sum + rowsOf(call), 0);
    let start = 0;
    for (const call of calls) {
      const [from, to] = [start / all, (start += rowsOf(call)) / all];
      call.resolve(share(outputs, from, to));
    }
    return true;
  } catch (thrown) {
    if (calls.length === 1) {
      first.reject(thrown);
      return false;
    }
    const size = Math.floor(calls.length / 2);
    let areGood = true;
    for (let start = 0; start < calls.length; start += size) {
      areGood = (await runCalls(calls.slice(start, start + size))) && areGood;
    }
    /* Too little device memory for the batch. If a part fails too, that call is the cause. */
    if (areGood) network.mostCalls = Math.min(network.mostCalls, size);
    return areGood;
  }
};

const isStacked = ({ stacked }: MergeRules, input: string): boolean =>
  typeof stacked === 'function' ? stacked(input) : stacked.includes(input);

const rowsOf = ({ network, feeds }: Call): number => {
  const stacked = Object.entries(feeds).find(([input]) => isStacked(network.rules, input));
  if (stacked === undefined) throw new RangeError('a call without a stacked input');
  return rowCount(stacked[1]);
};

const rowCount = (feed: Tensor | Integers): number => feed.dims?.[0] ?? ('integers' in feed ? feed.integers.length : 0);

/** Whether two calls have the same outputs, and inputs that are equal, or of equal size in all dimensions but the first. */
const isAlike = ({ network, feeds, outputs }: Call, second: Call): boolean => {
  if (outputs?.join() !== second.outputs?.join()) return false;
  const inputs = Object.entries(feeds);
  if (inputs.length !== Object.keys(second.feeds).length) return false;
  return inputs.every(([input, feed]) => {
    const match = second.feeds[input];
    if (match === undefined || 'integers' in feed !== 'integers' in match) return false;
    if (network.rules.indices?.[input] !== undefined) return true;
    const isSize = isStacked(network.rules, input);
    const [dims, matchDims] = [feed.dims ?? [], match.dims ?? []].map((axes) => axes.slice(isSize ? 1 : 0).join());
    return dims === matchDims && (isSize || isEqual(numbersOf(feed), numbersOf(match)));
  });
};

const numbersOf = (feed: Tensor | Integers): ArrayLike<number> => ('integers' in feed ? feed.integers : feed.data);

const isEqual = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
};

const mergeFeeds = (calls: readonly Call[]): Feeds => {
  const [first] = calls as readonly [Call, ...Call[]];
  const { rules } = first.network;
  return Object.fromEntries(
    Object.entries(first.feeds).map(([input, feed]) => {
      const parts = calls.map(({ feeds }) => feeds[input] as Tensor | Integers);
      const target = rules.indices?.[input];
      if (target !== undefined) return [input, mergeIndices(calls, parts as readonly Integers[], target)];
      if (!isStacked(rules, input)) return [input, feed];
      if (!('integers' in feed)) return [input, concatBatch(parts as readonly Tensor[])];
      return [input, mergeIntegers(parts as readonly Integers[])];
    }),
  );
};

const mergeIntegers = (parts: readonly Integers[]): Integers => {
  const integers = parts.flatMap((part) => [...part.integers]);
  const [, ...rest] = parts[0]?.dims ?? [];
  return { integers, dims: [parts.reduce((sum, part) => sum + rowCount(part), 0), ...rest] };
};

/** Offsets each call's indices by the rows of `target` of the calls before it. */
const mergeIndices = (calls: readonly Call[], parts: readonly Integers[], target: string): Integers => {
  let before = 0;
  const shifted = parts.map((part, index) => {
    const integers = part.integers.map((row) => row + before);
    before += rowCount(calls[index]?.feeds[target] as Tensor | Integers);
    return { ...part, integers };
  });
  return mergeIntegers(shifted);
};

/** A call's part of each output. @param from, to as fractions of the first dimension */
const share = (outputs: Outputs, from: number, to: number): Outputs =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      const rows = output.dims[0] ?? 0;
      return [name, sliceBatch(output, Math.round(from * rows), Math.round(to * rows))];
    }),
  );
