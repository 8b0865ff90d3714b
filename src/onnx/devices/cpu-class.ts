/** How fast each precision is on a processor, by the vector instructions that ONNX Runtime's kernels are chosen by. */

export interface CpuClass {
  name: string;
  /** Seconds of a UNet call at 512², full size, relative to `--precision fp32`; null: not measured. docs/performance.md, "By processor". */
  relative: { readonly fp32Cached: number; readonly int8: number; readonly int8Cached: number } | null;
}

/** The first whose instruction a processor has, by the names of `/proc/cpuinfo`. */
const CLASSES: readonly (CpuClass & { readonly instruction: string })[] = [
  { instruction: 'amx_int8', name: 'AVX-512 with AMX', relative: null },
  {
    instruction: 'avx512_vnni',
    name: 'AVX-512 with VNNI',
    relative: { fp32Cached: 0.8, int8: 0.64, int8Cached: 0.39 },
  },
  { instruction: 'avx512f', name: 'AVX-512', relative: null },
  { instruction: 'avx_vnni', name: 'AVX2 with VNNI', relative: null },
  {
    instruction: 'avx2',
    name: 'AVX2',
    relative: { fp32Cached: 0.86, int8: 0.73, int8Cached: 0.53 },
  },
  { instruction: 'asimd', name: 'Arm', relative: null },
];

/** @param features of `/proc/cpuinfo` @returns null: none of the known classes */
export const cpuClassOf = (features: readonly string[]): CpuClass | null =>
  CLASSES.find(({ instruction }) => features.includes(instruction)) ?? null;
