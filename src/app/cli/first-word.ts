/** The first word of the command line: a command, or a picture for `refine`, whose name may be left out. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RefineError } from '../../errors.js';
import { formatValue } from '../../run/manifest/rows/format-value.js';
import { nearestKey } from '../../run/manifest/rows/nearest-key.js';

/** A word that is probably not a picture: it has no extension, folder or scheme. */
const PLAIN = /^\w[\w-]*$/;

/**
 * Ends the program for a mistyped command, and suggests the nearest one.
 * @throws USAGE_OPTION_INVALID
 */
export const expectCommand = (word: string | undefined, program: Command, cwd: string): void => {
  if (word === undefined) program.help({ error: true });
  const names = program.commands.map((command) => command.name());
  if (!PLAIN.test(word) || names.includes(word) || existsSync(resolve(cwd, word))) return;
  const near = nearestKey(word, names);
  const mend = near === null ? '. --help lists the commands.' : `: did you mean ${near}?`;
  throw new RefineError('USAGE_OPTION_INVALID', `There is no command and no picture named ${formatValue(word)}${mend}`);
};

/**
 * Reads requests for help: `help`, `help batch`, `help batch all`, `--help all`.
 * @returns the words with `--help` in their place, and whether help lists every option
 */
export const readHelpWords = (words: readonly string[]): { words: readonly string[]; isFull: boolean } => {
  if (words[0] === 'help') {
    const isFull = words.length > 1 && words.at(-1) === 'all';
    return { words: [...words.slice(1, isFull ? -1 : undefined), '--help'], isFull };
  }
  const at = words.findIndex((word, index) => (word === '--help' || word === '-h') && words[index + 1] === 'all');
  return at === -1 ? { words, isFull: false } : { words: words.filter((_, index) => index !== at + 1), isFull: true };
};
