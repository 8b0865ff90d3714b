/** Row settings as options, the defaults of rows. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { optionFlag } from '../../../run/manifest/rows/parse-value.js';
import { fraction, type RowCommand } from '../../../records/setting-kinds.js';
import { ROW_KEYS, rowKeyNames, type RowKeyName } from '../../../run/manifest/rows/row-keys.js';

export const ROW_SETTINGS = 'Row defaults:';

/** Short options of the most used settings. */
const LETTERS: Partial<Record<RowKeyName, string>> = {
  prompt: 'p',
  negative_prompt: 'n',
  strength: 's',
  guidance_scale: 'g',
};

/** Choices of a key, for help and completion; [] for a key without choices. */
export const wordsOf = (name: RowKeyName): readonly string[] => {
  const { options = [] } = ROW_KEYS[name].schema as z.ZodType & { options?: readonly unknown[] };
  return options.filter((option) => typeof option === 'string');
};

/** What numbers from 0 to 1 are to be, with and without their ends. */
const SHARES: readonly string[] = [fraction.expected, ROW_KEYS.handoff.expected];

/** What an option of a key takes, in its usage. */
const placeholderOf = (name: RowKeyName): string => {
  const { kind, expected } = ROW_KEYS[name];
  if (wordsOf(name).length > 0 || name.endsWith('scheduler')) return 'name';
  if (kind === 'number') return SHARES.includes(expected) ? '0-1' : 'n';
  return kind === 'list' ? 'n,n…' : 'text';
};

export const addRowOptions = (command: Command, of: RowCommand): Command => {
  command.optionsGroup(ROW_SETTINGS);
  for (const name of rowKeyNames(of).filter((key) => ROW_KEYS[key].isOption)) {
    const { help, defaultText } = ROW_KEYS[name];
    const letter = LETTERS[name] === undefined ? '' : `-${LETTERS[name]}, `;
    const words = wordsOf(name);
    const choices = words.length === 0 ? '' : `${words.join(', ')}; `;
    command.option(
      `${letter}${optionFlag(name)} <${placeholderOf(name)}>`,
      `${help} (${choices}default: ${defaultText.replaceAll('`', '').replace(/^"(.+)"$/, '$1')})`,
    );
  }
  return command;
};
