/** The first file that is loaded, and alone: what keeps the others from loading is told in a sentence, not with the loader's stack. */
import { openFileProblem } from '../../io/files/open-file-limit.js';
import type { Process } from './process-context.js';

/** Of ENGINE_START, whose table would be one more file to load. */
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
