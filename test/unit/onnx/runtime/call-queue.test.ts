import { CallQueue, type MergeRules } from '#src/onnx/runtime/call-queue.js';
import type { Feeds, Session } from '#src/onnx/runtime/session.js';
import { tensor, type Tensor } from '#src/tensor/tensor.js';

const rows = (...values: number[]): Tensor => tensor(Float32Array.from(values), [values.length, 1]);

/** A network that doubles `x` and adds `shift`, and notes its calls. */
const doubling = (fails: (feeds: Feeds) => boolean = () => false) => {
  const calls: Feeds[] = [];
  const session: Session = {
    run: (feeds) => {
      calls.push(feeds);
      if (fails(feeds)) return Promise.reject(new Error('out of memory'));
      const [x, shift] = [feeds['x'] as Tensor, (feeds['shift'] as Tensor | undefined)?.data[0] ?? 0];
      return Promise.resolve({
        y: tensor(
          Float32Array.from(x.data, (value) => 2 * value + shift),
          x.dims,
        ),
      });
    },
    close: () => Promise.resolve(),
  };
  return { calls, session };
};

const RULES: MergeRules = { stacked: ['x'] };
const sizes = (calls: readonly Feeds[]): number[] => calls.map(({ x }) => (x as Tensor).dims[0]!);

const runTogether = async (queue: CallQueue, session: Session, feeds: readonly Feeds[]): Promise<number[][]> =>
  Promise.all(feeds.map((one) => queue.during(async () => [...(await session.run(one))['y']!.data])));

it('calls of jobs that are under way run as one, and each gets its own rows', async () => {
  const queue = new CallQueue();
  const { calls, session } = doubling();
  const answers = await runTogether(queue, queue.queued(session, RULES), [
    { x: rows(1, 2) },
    { x: rows(3) },
    { x: rows(4, 5, 6) },
  ]);
  expect(answers).toEqual([[2, 4], [6], [8, 10, 12]]);
  expect(sizes(calls)).toEqual([6]);
});

it('a call waits until every job has one, and goes alone when the others end', async () => {
  const queue = new CallQueue();
  const { calls, session } = doubling();
  const queued = queue.queued(session, RULES);
  let end: (() => void) | undefined;
  const other = queue.during(() => new Promise<void>((resolve) => (end = resolve)));
  const answer = queue.during(() => queued.run({ x: rows(1) }));
  await new Promise(setImmediate);
  expect(calls).toEqual([]);
  end!();
  await other;
  expect([...(await answer)['y']!.data]).toEqual([2]);
});

it('calls of other sizes, of other shared numbers and of other networks stay apart', async () => {
  const queue = new CallQueue();
  const { calls, session } = doubling();
  const queued = queue.queued(session, RULES);
  const wide = tensor(Float32Array.of(1, 2), [1, 2]);
  const answers = await runTogether(queue, queued, [
    { x: rows(1), shift: rows(1) },
    { x: rows(2), shift: rows(2) },
    { x: wide, shift: rows(1) },
    { x: rows(3), shift: rows(1) },
    { x: rows(4) },
  ]);
  expect(answers).toEqual([[3], [6], [3, 5], [7], [8]]);
  expect(sizes(calls)).toEqual([2, 1, 1, 1]);
  const another = doubling();
  await Promise.all([
    queue.during(() => queued.run({ x: rows(1) })),
    queue.during(() => queue.queued(another.session, RULES).run({ x: rows(1) })),
  ]);
  expect(sizes(another.calls)).toEqual([1]);
});

it('a batch is no larger than its limit', async () => {
  const queue = new CallQueue();
  const { calls, session } = doubling();
  await runTogether(
    queue,
    queue.queued(session, { ...RULES, limit: () => 4 }),
    [1, 2, 3].map(() => ({ x: rows(1, 2) })),
  );
  expect(sizes(calls)).toEqual([4, 2]);
});

it('a batch that fails is halved, then and later; a call that fails alone is its own', async () => {
  const queue = new CallQueue();
  const { calls, session } = doubling(({ x }) => (x as Tensor).dims[0]! > 2 || (x as Tensor).data[0] === 13);
  const queued = queue.queued(session, RULES);
  const feeds = [1, 2, 3, 4].map((value) => ({ x: rows(value) }));
  expect(await runTogether(queue, queued, feeds)).toEqual([[2], [4], [6], [8]]);
  expect(sizes(calls)).toEqual([4, 2, 2]);
  expect(await runTogether(queue, queued, feeds)).toEqual([[2], [4], [6], [8]]);
  expect(sizes(calls.slice(3))).toEqual([2, 2]);
  const [bad, good] = await Promise.allSettled([
    queue.during(() => queued.run({ x: rows(13) })),
    queue.during(() => queued.run({ x: rows(5) })),
  ]);
  expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'out of memory' } });
  expect(good).toMatchObject({ status: 'fulfilled' });
  /* That call was the cause, and no smaller batch would have helped. */
  await runTogether(queue, queued, feeds.slice(0, 2));
  expect(sizes(calls.slice(-1))).toEqual([2]);
});

it('indices point to the rows of their own call', async () => {
  const queue = new CallQueue();
  const seen: Feeds[] = [];
  const session: Session = {
    run: (feeds) => {
      seen.push(feeds);
      return Promise.resolve({ y: rows(0, 0) });
    },
    close: () => Promise.resolve(),
  };
  const queued = queue.queued(session, { stacked: ['ids'], indices: { ends: 'ids' } });
  const call = (ids: number[], ends: number[]) =>
    queue.during(() => queued.run({ ids: { integers: ids }, ends: { integers: ends } }));
  await Promise.all([call([7, 8, 9], [2]), call([5, 6, 4], [0])]);
  expect(seen).toEqual([{ ids: { integers: [7, 8, 9, 5, 6, 4], dims: [6] }, ends: { integers: [2, 3], dims: [2] } }]);
});

it('without rules calls run one after the other', async () => {
  const queue = new CallQueue();
  const { calls, session } = doubling();
  await runTogether(queue, queue.queued(session, null), [{ x: rows(1) }, { x: rows(2) }]);
  expect(sizes(calls)).toEqual([1, 1]);
});
