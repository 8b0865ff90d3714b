/** Runs a command line. The process is a parameter, so that tests need no terminal. */
import { CommanderError, type Command } from 'commander';
import { expectCommand, readHelpWords } from './first-word.js';
import { watchOutputs } from './progress/output-streams.js';
import { buildProgram } from './program.js';
import type { Process, ProcessContext } from './process-context.js';
import { printError } from './progress/print-error.js';
import { createTerminal } from './progress/terminal.js';

/** @param argv as `process.argv` @returns the exit code (README, "Exit codes") */
export const main = async (argv: readonly string[], process: Process): Promise<number> => {
  const outputs = watchOutputs(process);
  const context = contextOf(argv.slice(2), process, outputs.broken);
  let exitCode = 0;
  const { words, isFull } = readHelpWords(context.words);
  const program = buildProgram(context, (code) => (exitCode = code), isFull);
  /** The command, once its arguments are parsed. */
  let running: Command | null = null;
  program.hook('preAction', (_, command) => {
    running = command;
  });
  try {
    await parse(words, program, context);
    await outputs.flush();
    return exitCode;
  } catch (thrown) {
    return printError(thrown, context, wantsJson(words, running));
  }
};

const parse = async (words: readonly string[], program: Command, context: ProcessContext): Promise<void> => {
  try {
    expectCommand(words[0], program, context.cwd());
    await program.parseAsync(words, { from: 'user' });
  } catch (thrown) {
    /* commander throws after --help and --version, too. */
    if (!(thrown instanceof CommanderError) || thrown.exitCode !== 0) throw thrown;
  }
};

/** Before a command runs, only the arguments say `--json`; a command also knows the environment and configuration files. */
const wantsJson = (words: readonly string[], running: Command | null): boolean => {
  if (running !== null) return running.opts<{ json?: boolean }>().json === true;
  const end = words.indexOf('--');
  return words.slice(0, end < 0 ? undefined : end).includes('--json');
};

/** `process` cannot be spread: its methods belong to its prototype. */
const contextOf = (words: readonly string[], process: Process, broken: AbortSignal): ProcessContext => ({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: createTerminal(process),
  env: process.env,
  cwd: () => process.cwd(),
  on: (event, listener) => process.on(event, listener),
  off: (event, listener) => process.off(event, listener),
  kill: (pid, signal) => process.kill(pid, signal),
  exit: (code) => process.exit(code),
  words,
  broken,
});
