/** Environment variables of the engine's process. Pure. */

const MEBIBYTE = 2 ** 20;
/**
 * Tunables of glibc's allocator: "Memory Allocation Tunables" in the GNU C Library's manual, 2.35 and later. Other C libraries
 * ignore them.
 */
const TUNABLES = {
  /* All threads share one heap, so that one reuses memory that another freed. */
  arena_max: 1,
  /* Transparent huge pages: clearing one takes as long as clearing a few small pages. */
  hugetlb: 1,
  top_pad: 16 * MEBIBYTE,
  /* The heap keeps freed memory … */
  trim_threshold: 65_536 * MEBIBYTE,
  /* … except that of the largest tensors, where small ones would fragment it: 1 GB more after some calls, and no faster. */
  mmap_threshold: 24 * MEBIBYTE,
};

/**
 * By default glibc returns a large tensor's memory to the system, which clears the pages for the next one: a tenth of a UNet call on the
 * CPU (docs/performance.md). With these tunables temporary tensors reuse memory. A user's own tunables win.
 */
export const engineEnvironment = (env: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv => {
  const text = Object.entries(TUNABLES).map(([name, value]) => `glibc.malloc.${name}=${value}`);
  return { GLIBC_TUNABLES: text.join(':'), ...env };
};
