/** Weighted sums of latents. Pure. */

export type Term = readonly [weight: number, values: Float32Array];

/** Weighted sum in float64, rounded once. Terms of weight 0 are skipped. */
export const combine = (...terms: readonly Term[]): Float32Array => {
  const counted = terms.filter(([weight]) => weight !== 0);
  const sum = new Float64Array(terms[0]?.[1].length ?? 0);
  for (const [weight, values] of counted) for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  return Float32Array.from(sum);
};
