import { existsSync } from 'node:fs';

/** Tests that look for processes run where there is /proc. Apart from `processes.ts`, which benchmarks use outside of jest. */
export const itOnLinux = existsSync('/proc/self/stat') ? it : it.skip;
