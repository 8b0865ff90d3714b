/** Prints the error that ends a command on standard error, and with `--json` also on standard output. */
import { CommanderError } from 'commander';
import { isRefineError, messageOf, type ErrorCode } from '../../../errors.js';
import { jsonText } from '../../../io/json/json-text.js';
import { hideUriSecrets } from '../../../records/uri-secrets.js';
import { escapeControlsInLines, escapeControls } from './escape-controls.js';
import type { ProcessContext } from '../process-context.js';
import type { Terminal } from './terminal.js';

/** The last line of `--json` for a command that ended with an error. */
export interface ErrorLine {
  error: { code: ErrorCode; message: string; exit_code: number };
}

const ISSUES = 'Please report it with this text and the command you ran: see "Reporting a bug" in the README.';

/** @returns the exit code */
export const printError = (thrown: unknown, { stdout, stderr }: ProcessContext, asJson: boolean): number => {
  const error = describe(thrown);
  stderr.status(null);
  /* commander has printed its help, which is an error where no command is given. */
  if (!(thrown instanceof CommanderError)) printForPeople(thrown, error, stderr);
  if (asJson) stdout.write(`${escapeControls(jsonText({ error } satisfies ErrorLine))}\n`);
  return error.exit_code;
};

const describe = (thrown: unknown): ErrorLine['error'] => {
  if (thrown instanceof CommanderError) {
    const message = thrown.message.replace(/^error: /, '');
    return { code: 'USAGE_OPTION_INVALID', message, exit_code: 2 };
  }
  if (!isRefineError(thrown)) return { code: 'INTERNAL', message: hideUriSecrets(messageOf(thrown)), exit_code: 70 };
  return { code: thrown.code, message: thrown.message, exit_code: thrown.exitCode };
};

const printForPeople = (thrown: unknown, { code, message }: ErrorLine['error'], stderr: Terminal): void => {
  const { red, dim } = stderr.colors;
  if (code !== 'INTERNAL') {
    stderr.writeStyled(`${red('sdxl-refine:')} ${escapeControlsInLines(message)} ${dim(`[${code}]`)}\n`);
    return;
  }
  const stack = (thrown as { stack?: unknown } | null)?.stack;
  const text = escapeControlsInLines(hideUriSecrets(typeof stack === 'string' ? stack : message));
  stderr.writeStyled(`${red('sdxl-refine:')} this is a bug. ${ISSUES}\n${text}\n`);
};
