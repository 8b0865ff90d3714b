import { hasRoomForBoth } from '#src/run/batch/model-residency.js';
import { windowsOf } from '#src/run/batch/windows.js';

const stream = async function* (count: number): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) yield await Promise.resolve(item);
};

it.each([
  [0, []],
  [2, [[0, 1]]],
  [5, [[0, 1], [2, 3], [4]]],
])('%s items come in pieces of two', async (count, expected) => {
  const windows: number[][] = [];
  for await (const window of windowsOf(stream(count), 2)) windows.push(window);
  expect(windows).toEqual(expected);
});

it('keeps both models where there is ample room, and does as it is told', () => {
  expect(hasRoomForBoth('auto', 1e9, 'cpu', 5e9)).toBe(true);
  expect(hasRoomForBoth('auto', 1e9, 'cpu', 3e9)).toBe(false);
  expect(hasRoomForBoth('auto', 1e7, 'cuda', 0)).toBe(true);
  expect(hasRoomForBoth('auto', 1e9, 'cuda', 1e12)).toBe(false);
  expect(hasRoomForBoth('one', 1, 'cpu', 1e12)).toBe(false);
  expect(hasRoomForBoth('both', 1e12, 'cpu', 1)).toBe(true);
});
