/** Runs whose engine's process stops itself, so that a test meets it where it wants, however fast the machine is. Linux. */
import { join } from 'node:path';
import { env } from 'node:process';
import { root } from './golden.js';
import { childrenOf, readStat, waitFor } from './processes.js';

export interface Hold {
  /** Only in rows of at least so many steps; 0: at the start of the process, before it opens a model. */
  steps: number;
  /** Once this step of such a row is told; default: 3. */
  step?: number;
  /** Once so many such rows are in it; default: 1. */
  rows?: number;
}

/** In the middle of a row of which most steps are left. */
const IN_LONG_ROW: Hold = { steps: 400 };

/** The environment of such a run. It goes on with SIGCONT, and stops again at the next such row; SIGKILL ends it. */
export const holdingEngine = ({ steps, step = 3, rows = 1 }: Hold = IN_LONG_ROW): NodeJS.ProcessEnv => ({
  ...env,
  NODE_OPTIONS: `--require ${JSON.stringify(join(root, 'test/support/hold-engine.cjs'))}`,
  HOLD_ENGINE: JSON.stringify({ steps, step, rows }),
});

/** The engine of a run or server that holds now, if there is one. */
export const heldEngine = (run: number): number | undefined =>
  childrenOf(run).find((pid) => readStat(pid)?.state === 'T');

/** Waits for the engine of a run to hold. @returns the number of its process */
export const untilHeld = (run: number): Promise<number> => waitFor('an engine that holds', () => heldEngine(run));
