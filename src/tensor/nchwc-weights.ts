/** Weights of a convolution or a linear layer, laid out for channels in blocks. Pure. */

export interface WeightShape {
  outer: number;
  inner: number;
  /** Weights of one input and one output: 9 of a 3×3 convolution, 1 of a linear layer. */
  taps: number;
}

/**
 * @param weights f32 [out,in,taps]; out and in are multiples of `block`
 * @returns f32 [out/block, in/block, taps, block of in, block of out], as core/mlas/lib/reorder.cpp of ONNX Runtime v1.30 has it
 */
export const blockWeights = (
  weights: Float32Array,
  { outer, inner, taps }: WeightShape,
  block: number,
): Float32Array => {
  const blocked = new Float32Array(weights.length);
  const ofOutput = inner * taps;
  let to = 0;
  for (let firstOut = 0; firstOut < outer; firstOut += block) {
    for (let firstIn = 0; firstIn < inner; firstIn += block) {
      for (let tap = 0; tap < taps; tap++) {
        for (let input = firstIn; input < firstIn + block; input++) {
          let from = firstOut * ofOutput + input * taps + tap;
          for (let output = 0; output < block; output++, from += ofOutput) blocked[to++] = weights[from]!;
        }
      }
    }
  }
  return blocked;
};
