import { mapAhead } from '#src/run/batch/ahead.js';

async function* numbers(count: number, pulled: number[] = []): AsyncGenerator<number> {
  for (let value = 0; value < count; value++) {
    pulled.push(value);
    yield await Promise.resolve(value);
  }
}

describe('mapAhead', () => {
  it('keeps the order, whatever finishes first', async () => {
    const seen: number[] = [];
    const slowFirst = (value: number): Promise<number> =>
      new Promise((resolve) => setTimeout(resolve, 20 - value * 4, value));
    for await (const value of mapAhead(numbers(5), 2, slowFirst)) seen.push(value);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('begins `depth` items beyond the one in use, and no more', async () => {
    const pulled: number[] = [];
    const mapped = mapAhead(numbers(10, pulled), 2, (value) => Promise.resolve(value));
    await mapped.next();
    expect(pulled).toEqual([0, 1, 2]);
    await mapped.next();
    expect(pulled).toEqual([0, 1, 2, 3]);
    await mapped.return(undefined);
    expect(pulled).toEqual([0, 1, 2, 3]);
  });

  it('throws a failure in its turn, after what came before it', async () => {
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      const fail = (value: number): Promise<number> =>
        value === 2 ? Promise.reject(new Error('two')) : Promise.resolve(value);
      for await (const value of mapAhead(numbers(5), 3, fail)) seen.push(value);
    };
    await expect(run()).rejects.toThrow('two');
    expect(seen).toEqual([0, 1]);
  });

  it('waits for what it began before it ends early', async () => {
    let finished = 0;
    const slow = async (value: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      finished++;
      return value;
    };
    for await (const value of mapAhead(numbers(9), 2, slow)) if (value === 0) break;
    expect(finished).toBe(3);
  });
});
