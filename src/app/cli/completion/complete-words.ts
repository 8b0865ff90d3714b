/** Completions for the words of a command line: commands, options, values of options, or files. */
import type { Command, Option } from 'commander';

export interface Completion {
  value: string;
  description: string;
}

/** Kind of files that the shell itself adds. */
export type Place = 'files' | 'folders' | 'none';

export interface Completions {
  place: Place;
  offered: Completion[];
}

/** Values of an option, by its name without dashes; null: not known. */
export type ValuesOf = (option: string) => Promise<readonly string[] | null>;

const nothing: Completions = { place: 'none', offered: [] };
const plain = (value: string): Completion => ({ value, description: '' });

/** Splits words into their command and that command's words. */
const findCommand = (program: Command, words: readonly string[]): [Command, readonly string[]] => {
  let command = program;
  let rest = words;
  for (;;) {
    const next = command.commands.find((subcommand) => subcommand.name() === rest[0]);
    if (next === undefined) break;
    command = next;
    rest = rest.slice(1);
  }
  /* `refine` may be left out before a picture. */
  return command === program && rest.length > 0 ? [program.commands[0] ?? program, rest] : [command, rest];
};

const optionOf = (command: Command, word: string | undefined): Option | undefined =>
  command.options.find((option) => option.long === word || option.short === word);

const placeOf = ({ flags }: Option): Place => {
  if (/<[^>]*file/.test(flags)) return 'files';
  return /<[^>]*folder/.test(flags) ? 'folders' : 'none';
};

const valuesOf = async (option: Option, valuesFor: ValuesOf, prefix = ''): Promise<Completions> => {
  const values = (await valuesFor(option.name())) ?? [];
  return { place: placeOf(option), offered: values.map((value) => plain(prefix + value)) };
};

const optionsOf = (command: Command, used: readonly string[]): Completion[] =>
  [...command.options, ...(command.name() === 'help' ? [] : [helpOption])]
    .filter(({ long, short, hidden, parseArg }) => {
      const isUsed = used.includes(long ?? '') || (short !== undefined && used.includes(short));
      return !hidden && (!isUsed || parseArg !== undefined);
    })
    .map(({ long, description }) => ({ value: long ?? '', description: firstSentence(description) }));

const helpOption = { long: '--help', short: '-h', hidden: false, parseArg: undefined, description: 'help' };

/** Shells show each completion in one line. */
const firstSentence = (text: string): string => text.split(/[;:(]/)[0]?.trim() ?? '';

const commandsOf = (command: Command): Completion[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((subcommand) => ({ value: subcommand.name(), description: subcommand.summary() || subcommand.description() }));

/**
 * @param words those before the word under the cursor, without the program's name
 * @param current the word under the cursor, up to the cursor
 */
export const completeWords = async (
  program: Command,
  words: readonly string[],
  current: string,
  valuesFor: ValuesOf,
): Promise<Completions> => {
  if (words.includes('--')) return { place: 'files', offered: [] };
  const [command, own] = findCommand(program, words);
  const before = optionOf(command, own.at(-1));
  if (before?.required === true) return valuesOf(before, valuesFor);
  const [, long = '', assigned] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  const named = assigned === undefined ? undefined : optionOf(command, long);
  if (named !== undefined) return valuesOf(named, valuesFor, `${long}=`);
  if (current.startsWith('-')) {
    const main = command === program ? (program.commands[0] ?? program) : command;
    return { place: 'none', offered: optionsOf(main, own) };
  }
  if (own.at(-1) === '--help') return { place: 'none', offered: [plain('all')] };
  if (command === program) return { place: 'files', offered: commandsOf(program) };
  if (command.commands.length > 0) return { place: 'none', offered: commandsOf(command) };
  const [argument] = command.registeredArguments;
  if (argument === undefined) return nothing;
  const values = argument.argChoices ?? (await valuesFor(`${command.name()} ${argument.name()}`));
  return {
    place: values === null || argument.name() === 'model' ? 'files' : 'none',
    offered: (values ?? []).map(plain),
  };
};
