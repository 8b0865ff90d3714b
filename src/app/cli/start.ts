/** The entry point. It imports the rest at run time, to explain a failed import in a sentence instead of a stack. */
import { openFileProblem } from '../../io/files/open-file-limit.js';
import type { Process } from './process-context.js';

/** Exit code of ENGINE_START, repeated here because its table would be another import. */
const EXIT_CODE = 5;

/** @returns the exit code */
export const start = async (argv: readonly string[], process: Process): Promise<number> => {
  let main: (argv: readonly string[], process: Process) => Promise<number>;
  try {
    ({ main } = await import('./main.js'));
  } catch (thrown) {
    const problem = openFileProblem();
    if (problem === null) throw thrown;
    process.stderr.write(`sdxl-refine: ${problem} [ENGINE_START]\n`);
    return EXIT_CODE;
  }
  return main(argv, process);
};
