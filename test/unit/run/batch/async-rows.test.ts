import { chunksOf, mapWithReadAhead, takeFirst } from '#src/run/batch/async-rows.js';

async function* numbers(count: number, pulled: number[] = []): AsyncGenerator<number> {
  for (let value = 0; value < count; value++) {
    pulled.push(value);
    yield await Promise.resolve(value);
  }
}

describe('mapWithReadAhead', () => {
  it('keeps the order of items, whichever finishes first', async () => {
    const seen: number[] = [];
    const slowFirst = (value: number): Promise<number> =>
      new Promise((resolve) => setTimeout(resolve, 20 - value * 4, value));
    for await (const value of mapWithReadAhead(numbers(5), 2, slowFirst)) seen.push(value);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('starts `depth` items beyond the current one, and no more', async () => {
    const pulled: number[] = [];
    const mapped = mapWithReadAhead(numbers(10, pulled), 2, (value) => Promise.resolve(value));
    await mapped.next();
    expect(pulled).toEqual([0, 1, 2]);
    await mapped.next();
    expect(pulled).toEqual([0, 1, 2, 3]);
    await mapped.return(undefined);
    expect(pulled).toEqual([0, 1, 2, 3]);
  });

  it('yields the items before a failure, then throws it', async () => {
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      const fail = (value: number): Promise<number> =>
        value === 2 ? Promise.reject(new Error('two')) : Promise.resolve(value);
      for await (const value of mapWithReadAhead(numbers(5), 3, fail)) seen.push(value);
    };
    await expect(run()).rejects.toThrow('two');
    expect(seen).toEqual([0, 1]);
  });

  it('waits for the items that it started before it ends early', async () => {
    let finished = 0;
    const slow = async (value: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      finished++;
      return value;
    };
    for await (const value of mapWithReadAhead(numbers(9), 2, slow)) if (value === 0) break;
    expect(finished).toBe(3);
  });
});

it.each([
  [0, []],
  [2, [[0, 1]]],
  [5, [[0, 1], [2, 3], [4]]],
])('chunksOf splits %s items into chunks of two', async (count, expected) => {
  const chunks: number[][] = [];
  for await (const chunk of chunksOf(numbers(count), 2)) chunks.push(chunk);
  expect(chunks).toEqual(expected);
});

it('takeFirst reads no item beyond the last that it yields', async () => {
  const [pulled, taken]: [number[], number[]] = [[], []];
  for await (const value of takeFirst(numbers(9, pulled), 3)) taken.push(value);
  expect(taken).toEqual([0, 1, 2]);
  expect(pulled).toEqual([0, 1, 2]);
});
