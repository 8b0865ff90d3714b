/** Quantiles of the symmetric beta distribution Beta(shape, shape), within 1e-12: `scipy.stats.beta.ppf(p, shape, shape)`. */

/** Number of terms after which the series, whose ratio is at most 1/2, has converged in float64. */
const TERMS = 60;
/** Halvings of [0, 1/2] down to float64's resolution. */
const HALVINGS = 60;

/** Integral of t^(shape-1) (1-t)^(shape-1) from 0 to x ≤ 1/2, by the binomial series of its second factor. */
const incompleteBeta = (x: number, shape: number): number => {
  let sum = 0;
  let coefficient = 1;
  for (let n = 0; n < TERMS; n++) {
    sum += (coefficient * x ** (shape + n)) / (shape + n);
    coefficient *= (n + 1 - shape) / (n + 1);
  }
  return sum;
};

/** x with P(X ≤ x) = p. `p`: 0 to 1; `shape`: more than 0. */
export const betaQuantile = (p: number, shape: number): number => {
  if (p === 0) return 0;
  if (p > 0.5) return 1 - betaQuantile(1 - p, shape);
  const area = 2 * p * incompleteBeta(0.5, shape);
  let [low, high] = [0, 0.5];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, shape) < area) low = middle;
    else high = middle;
  }
  return high;
};
