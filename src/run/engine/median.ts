/** @returns undefined of no numbers; the greater of the two in the middle of an even count */
export const median = (numbers: readonly number[]): number | undefined => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};
