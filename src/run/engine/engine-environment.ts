/** The environment of the engine's process. Pure. */

const MEBIBYTE = 2 ** 20;
/**
 * Of glibc's allocator: "Memory Allocation Tunables" in the GNU C Library's manual, 2.35 and later. Other C libraries
 * pass them by.
 */
const TUNABLES = {
  /* Every thread takes from one heap: what one frees another finds. */
  arena_max: 1,
  /* Clearing a huge page takes as long as clearing a few small ones. */
  hugetlb: 1,
  top_pad: 16 * MEBIBYTE,
  /* The heap keeps what is freed … */
  trim_threshold: 65_536 * MEBIBYTE,
  /* … but for the largest tensors, whose holes would be filled by small ones: 1 GB more after some calls, and no time less. */
  mmap_threshold: 24 * MEBIBYTE,
};

/**
 * By default a large tensor's memory goes back to the system when it is freed, and its pages are cleared when the next one
 * comes: a tenth of a call on the CPU (docs/performance.md). Here temporary tensors find the memory of those before them.
 * A user's own tunables are left alone.
 */
export const engineEnvironment = (env: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv => {
  const text = Object.entries(TUNABLES).map(([name, value]) => `glibc.malloc.${name}=${value}`);
  return { GLIBC_TUNABLES: text.join(':'), ...env };
};
