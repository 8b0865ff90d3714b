/** How far numbers are from golden numbers. */

/**
 * The largest difference, each as a share of what is allowed: `relative` of the expected number, and a twentieth of that of
 * the largest expected number (float32 rounds sums by their terms, so a result near zero has no more digits). 1 is just allowed.
 */
export const excess = (actual: Float32Array, expected: Float32Array, relative: number): number => {
  if (actual.length !== expected.length) return Infinity;
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return expected.reduce((worst, value, i) => {
    const allowed = relative * (Math.abs(value) + largest / 20);
    const difference = Math.abs(actual[i]! - value);
    return Math.max(worst, difference === 0 ? 0 : difference / allowed);
  }, 0);
};
