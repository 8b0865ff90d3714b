/** Weights of a convolution or a linear layer in the NCHWc layout. Pure. */

export interface WeightShape {
  outputs: number;
  inputs: number;
  /** Weights for one input and one output: 9 for a 3×3 convolution, 1 for a linear layer. */
  taps: number;
}

/**
 * @param weights f32 [out,in,taps]; out and in are multiples of `blockSize`
 * @returns f32 [out/block, in/block, taps, block of in, block of out], the order of core/mlas/lib/reorder.cpp in ONNX Runtime v1.30
 */
export const toNchwcWeights = (
  weights: Float32Array,
  { outputs, inputs, taps }: WeightShape,
  blockSize: number,
): Float32Array => {
  const nchwc = new Float32Array(weights.length);
  const weightsPerOutput = inputs * taps;
  let to = 0;
  for (let firstOut = 0; firstOut < outputs; firstOut += blockSize) {
    for (let firstIn = 0; firstIn < inputs; firstIn += blockSize) {
      for (let tap = 0; tap < taps; tap++) {
        for (let input = firstIn; input < firstIn + blockSize; input++) {
          let from = firstOut * weightsPerOutput + input * taps + tap;
          for (let output = 0; output < blockSize; output++, from += weightsPerOutput) nchwc[to++] = weights[from]!;
        }
      }
    }
  }
  return nchwc;
};
