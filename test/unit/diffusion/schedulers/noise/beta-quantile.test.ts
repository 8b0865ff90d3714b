import { betaQuantile } from '#src/diffusion/schedulers/noise/beta-quantile.js';

/** `scipy.stats.beta.ppf(p, 0.6, 0.6)`, scipy 1.17. */
it.each([
  [0, 0],
  [1e-6, 1.8558824624053043e-10],
  [0.01, 0.0008612388215429059],
  [0.1, 0.03958440558878085],
  [0.25, 0.17568037865269498],
  [0.5, 0.5],
  [0.75, 0.824319621347305],
  [0.999, 0.9999814412614826],
  [1, 1],
])('%p of Beta(0.6, 0.6)', (p, expected) => {
  expect(Math.abs(betaQuantile(p, 0.6) - expected)).toBeLessThanOrEqual(1e-12 * Math.max(expected, 1e-5));
});

it('Beta(1, 1) is uniform', () => {
  expect(betaQuantile(0.3, 1)).toBeCloseTo(0.3, 14);
});
