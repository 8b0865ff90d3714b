/** From arguments to exit code. The streams are injected, so that the command line can be tested without a terminal. */
import { CommanderError } from 'commander';
import { isRefineError, messageOf } from '../errors.js';
import { buildProgram } from './program.js';
import type { Surroundings } from './surroundings.js';

const ISSUES = 'Please report it with this text and the command you ran: see "Reporting a bug" in the README.';

/** @param argv as `process.argv` @returns the exit code (README, "Exit codes") */
export const main = async (argv: readonly string[], around: Surroundings): Promise<number> => {
  try {
    let exitCode = 0;
    await buildProgram(around, (code) => (exitCode = code)).parseAsync(argv);
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (isRefineError(thrown) && thrown.code !== 'INTERNAL') {
      around.stderr.write(`sdxl-refine: ${thrown.message} [${thrown.code}]\n`);
      return thrown.exitCode;
    }
    const stack = (thrown as { stack?: unknown } | null)?.stack;
    around.stderr.write(
      `sdxl-refine: this is a bug. ${ISSUES}\n${typeof stack === 'string' ? stack : messageOf(thrown)}\n`,
    );
    return 70;
  }
};
