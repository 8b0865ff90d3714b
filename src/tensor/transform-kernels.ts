/** Linear transform of 3×3 kernels, for Winograd convolution. Pure. */

export const KERNEL_SIZE = 9;

/** @param kernels f32 [n,9] @param transform f32 [m,9] @returns f32 [m][n]: each element of the transformed kernels */
export const transformKernels = (kernels: Float32Array, transform: Float32Array): Float32Array[] => {
  const count = kernels.length / KERNEL_SIZE;
  return Array.from({ length: transform.length / KERNEL_SIZE }, (_, element) => {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = transform.subarray(element * KERNEL_SIZE);
    const plane = new Float32Array(count);
    for (let kernel = 0, at = 0; kernel < count; kernel++, at += KERNEL_SIZE) {
      plane[kernel] =
        a * kernels[at]! +
        b * kernels[at + 1]! +
        c * kernels[at + 2]! +
        d * kernels[at + 3]! +
        e * kernels[at + 4]! +
        f * kernels[at + 5]! +
        g * kernels[at + 6]! +
        h * kernels[at + 7]! +
        i * kernels[at + 8]!;
    }
    return plane;
  });
};
