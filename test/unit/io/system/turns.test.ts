import { Turns } from '#src/io/system/turns.js';

/** A job that ends when it is told to. */
const heldJob = (name: string, began: string[]) => {
  let end: () => void = () => undefined;
  const job = (): Promise<void> => {
    began.push(name);
    return new Promise((resolve) => (end = resolve));
  };
  return {
    job,
    end: () => {
      end();
    },
  };
};

const settled = (): Promise<void> => new Promise(setImmediate);

it('as many jobs run as there are slots, in order, and one that must be alone waits for the others and is not overtaken', async () => {
  const turns = new Turns(() => 2);
  const began: string[] = [];
  const [a, b, c, d] = ['a', 'b', 'alone', 'd'].map((name) => heldJob(name, began));
  const all = [turns.take(a!.job), turns.take(b!.job), turns.takeAlone(c!.job), turns.take(d!.job)];
  await settled();
  expect(began).toEqual(['a', 'b']);
  expect(turns.running).toBe(2);
  a!.end();
  await settled();
  expect(began).toEqual(['a', 'b']);
  b!.end();
  await settled();
  expect(began).toEqual(['a', 'b', 'alone']);
  c!.end();
  await settled();
  expect(began).toEqual(['a', 'b', 'alone', 'd']);
  d!.end();
  await Promise.all(all);
  expect(turns.running).toBe(0);
});

it('a job that fails makes room', async () => {
  const turns = new Turns(() => 1);
  await expect(turns.take(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(turns.take(() => Promise.resolve(1))).resolves.toBe(1);
});
