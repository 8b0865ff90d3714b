/** From arguments to exit code. The streams are injected, so that the command line can be tested without a terminal. */
import { CommanderError } from 'commander';
import { isRefineError, messageOf } from '../errors.js';
import { expectCommand, readHelpWords } from './first-word.js';
import { watchOutputs } from './output-streams.js';
import { plainLines } from './plain-text.js';
import { buildProgram } from './program.js';
import type { Process, Surroundings } from './surroundings.js';
import { createTerminal } from './terminal.js';

const ISSUES = 'Please report it with this text and the command you ran: see "Reporting a bug" in the README.';

/** @param argv as `process.argv` @returns the exit code (README, "Exit codes") */
export const main = async (argv: readonly string[], process: Process): Promise<number> => {
  const outputs = watchOutputs(process);
  const around = surroundingsOf(process, outputs.broken);
  try {
    const exitCode = await runCommand(argv, around);
    await outputs.flush();
    return exitCode;
  } catch (thrown) {
    return tell(thrown, around);
  }
};

/** `process` itself is no object to spread: its methods are its class's. */
const surroundingsOf = (process: Process, broken: AbortSignal): Surroundings => ({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: createTerminal(process),
  env: process.env,
  cwd: () => process.cwd(),
  on: (event, listener) => process.on(event, listener),
  off: (event, listener) => process.off(event, listener),
  kill: (pid, signal) => process.kill(pid, signal),
  exit: (code) => process.exit(code),
  broken,
});

const runCommand = async (argv: readonly string[], around: Surroundings): Promise<number> => {
  let exitCode = 0;
  try {
    const { words, isFull } = readHelpWords(argv.slice(2));
    const program = buildProgram(around, (code) => (exitCode = code), isFull);
    expectCommand(words[0], program, around.cwd());
    await program.parseAsync(words, { from: 'user' });
  } catch (thrown) {
    /* commander ends --help and --version this way too. */
    if (!(thrown instanceof CommanderError)) throw thrown;
    return thrown.exitCode === 0 ? 0 : 2;
  }
  return exitCode;
};

/** @returns the exit code */
const tell = (thrown: unknown, { stderr }: Surroundings): number => {
  const { red, dim } = stderr.colors;
  stderr.status(null);
  if (isRefineError(thrown) && thrown.code !== 'INTERNAL') {
    stderr.writeStyled(`${red('sdxl-refine:')} ${plainLines(thrown.message)} ${dim(`[${thrown.code}]`)}\n`);
    return thrown.exitCode;
  }
  const stack = (thrown as { stack?: unknown } | null)?.stack;
  const text = plainLines(typeof stack === 'string' ? stack : messageOf(thrown));
  stderr.writeStyled(`${red('sdxl-refine:')} this is a bug. ${ISSUES}\n${text}\n`);
  return 70;
};
