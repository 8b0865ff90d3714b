/** The first word of the command line: a command, or the picture of the command that needs no name. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { nearestKey } from '../manifest/nearest-key.js';

/** No picture has such a name: there is no ending, no folder, no scheme. */
const PLAIN = /^\w[\w-]*$/;

/**
 * A mistyped command is none of a picture's names: it ends the program, with the command that it is near.
 * @throws CommanderError
 */
export const expectCommand = (word: string | undefined, program: Command, cwd: string): void => {
  if (word === undefined) program.help({ error: true });
  const names = program.commands.map((command) => command.name());
  if (!PLAIN.test(word) || ['help', ...names].includes(word) || existsSync(resolve(cwd, word))) return;
  const near = nearestKey(word, names);
  const mend = near === null ? 'and there is no picture of that name' : `did you mean ${near}?`;
  program.error(`error: unknown command '${word}': ${mend}`, { code: 'commander.unknownCommand' });
};
