/** The first word of the command line: a command, or the picture of the command that needs no name. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { nearestKey } from '../../run/manifest/rows/nearest-key.js';

/** No picture has such a name: there is no ending, no folder, no scheme. */
const PLAIN = /^\w[\w-]*$/;

/**
 * A mistyped command is none of a picture's names: it ends the program, with the command that it is near.
 * @throws CommanderError
 */
export const expectCommand = (word: string | undefined, program: Command, cwd: string): void => {
  if (word === undefined) program.help({ error: true });
  const names = program.commands.map((command) => command.name());
  if (!PLAIN.test(word) || names.includes(word) || existsSync(resolve(cwd, word))) return;
  const near = nearestKey(word, names);
  const mend = near === null ? 'and there is no picture of that name' : `did you mean ${near}?`;
  program.error(`error: unknown command '${word}': ${mend}`, { code: 'commander.unknownCommand' });
};

/**
 * Asking for help: `help`, `help batch`, `help batch all`, `--help all`.
 * @returns the words with nothing but `--help` for it, and whether every option is asked for
 */
export const readHelpWords = (words: readonly string[]): { words: readonly string[]; isFull: boolean } => {
  if (words[0] === 'help') {
    const isFull = words.length > 1 && words.at(-1) === 'all';
    return { words: [...words.slice(1, isFull ? -1 : undefined), '--help'], isFull };
  }
  const at = words.findIndex((word, index) => (word === '--help' || word === '-h') && words[index + 1] === 'all');
  return at === -1 ? { words, isFull: false } : { words: words.filter((_, index) => index !== at + 1), isFull: true };
};
