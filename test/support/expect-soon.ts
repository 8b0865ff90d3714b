/**
 * Expects a function to end soon. The bound is processor time of this process, which other programs of the machine do not add to.
 * @param mostSeconds with a factor of ten or more over what it takes
 * @returns what it gives
 */
export const expectSoon = async <T>(read: () => T | Promise<T>, mostSeconds = 10): Promise<T> => {
  const before = process.cpuUsage();
  const result = await read();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(mostSeconds);
  return result;
};
