import { WorkQueue } from '#src/app/server/work-queue.js';

const { signal } = new AbortController();

/** Work that ends when it is told to. */
const gate = (): { work: () => Promise<string>; open: (value: string) => void; hasBegun: () => boolean } => {
  let open!: (value: string) => void;
  let begun = false;
  const promise = new Promise<string>((resolve) => (open = resolve));
  return {
    work: () => {
      begun = true;
      return promise;
    },
    open: (value) => {
      open(value);
    },
    hasBegun: () => begun,
  };
};
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('has as many places as it is told, and a place that is given back twice is given back once', () => {
  const queue = new WorkQueue(2);
  const [{ leave }] = [queue.enter(), queue.enter()];
  expect(() => queue.enter()).toThrow(expect.objectContaining({ code: 'QUEUE_FULL' }));
  leave();
  leave();
  expect(queue.places).toBe(1);
  queue.enter();
  expect(() => queue.enter()).toThrow(expect.objectContaining({ code: 'QUEUE_FULL' }));
});

it('is idle when the last one has left', async () => {
  const queue = new WorkQueue(1);
  await queue.idle();
  const { leave } = queue.enter();
  let isIdle = false;
  const idle = queue.idle().then(() => (isIdle = true));
  await tick();
  expect(isIdle).toBe(false);
  leave();
  await idle;
});

it('lets one work at a time, in the order they came', async () => {
  const queue = new WorkQueue(3);
  const gates = [gate(), gate(), gate()];
  const works = gates.map(({ work }) => queue.run(signal, work));
  await tick();
  expect(gates.map(({ hasBegun }) => hasBegun())).toEqual([true, false, false]);
  expect(queue.waiting).toBe(2);
  gates[0]!.open('first');
  expect(await works[0]).toBe('first');
  await tick();
  expect(gates.map(({ hasBegun }) => hasBegun())).toEqual([true, true, false]);
  gates[1]!.open('second');
  gates[2]!.open('third');
  expect(await Promise.all(works)).toEqual(['first', 'second', 'third']);
});

it('lets the next one work after a failure', async () => {
  const queue = new WorkQueue(2);
  const failing = queue.run(signal, () => Promise.reject(new Error('no')));
  const next = queue.run(signal, () => Promise.resolve('yes'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

it('a waiting one that gives up is passed by; a working one is let go at once, and its turn ends with its work', async () => {
  const queue = new WorkQueue(3);
  const gates = [gate(), gate(), gate()];
  const stops = gates.map(() => new AbortController());
  const works = gates.map(({ work }, i) => queue.run(stops[i]!.signal, work));
  for (const work of works) work.catch(() => undefined);
  await tick();
  stops[1]!.abort(new Error('given up'));
  await expect(works[1]).rejects.toThrow('given up');
  stops[0]!.abort(new Error('gone'));
  await expect(works[0]).rejects.toThrow('gone');
  await tick();
  expect(gates[2]!.hasBegun()).toBe(false);
  gates[0]!.open('nobody listens');
  gates[2]!.open('third');
  expect(await works[2]).toBe('third');
  expect(gates[1]!.hasBegun()).toBe(false);
});

it('an empty queue says to come back in a second', () => {
  expect(new WorkQueue(1).retryAfterS).toBe(1);
});

it('a full queue says to come back when the request with the fewest pictures left may be done', () => {
  const queue = new WorkQueue(3);
  const [first, second] = [queue.enter(), queue.enter()];
  /* A turn takes a second, as nothing is known yet. */
  expect(queue.retryAfterS).toBe(1);
  first.accept(16);
  second.accept(12);
  expect(queue.retryAfterS).toBe(2 * 11 + 1);
  for (let picture = 0; picture < 10; picture++) second.done();
  expect(queue.retryAfterS).toBe(2 * 1 + 1);
  second.leave();
  second.done();
  expect(queue.retryAfterS).toBe(15 + 1);
  first.leave();
  expect(queue.retryAfterS).toBe(1);
});
