/** Whether both models of an ensemble stay in memory, on a machine whose container has a limit. */
const GIGABYTE = 1e9;

/* Node 20.9 to 20.12 know no container's limit; it is read when the module is loaded. */
Object.assign(process, { availableMemory: () => 3 * GIGABYTE });
const { hasRoomForBoth } = await import('#src/run/batch/model-residency.js');

it('auto counts the memory that the container leaves, not that of the machine', () => {
  expect(hasRoomForBoth('auto', 0.7 * GIGABYTE, 'cpu', 64 * GIGABYTE)).toBe(true);
  expect(hasRoomForBoth('auto', 0.8 * GIGABYTE, 'cpu')).toBe(false);
});

it('one and both are taken at their word', () => {
  expect(hasRoomForBoth('one', 1, 'cpu')).toBe(false);
  expect(hasRoomForBoth('both', 100 * GIGABYTE, 'cpu')).toBe(true);
});

it('on a GPU, both stay if they are small', () => {
  expect(hasRoomForBoth('auto', 0.2 * GIGABYTE, 'cuda')).toBe(true);
  expect(hasRoomForBoth('auto', GIGABYTE, 'cuda')).toBe(false);
});
