/** Help in the width of the terminal: the usual options on one screen, or every option under its heading (`--help all`). */
import type { Argument, Command, Help, HelpConfiguration, Option } from 'commander';

export interface HelpTexts {
  /** Command lines. */
  examples: readonly string[];
  /** Options of the short help, with their dashes. */
  usual: readonly string[];
  /** Shown by `--help all` only. */
  notes: string;
}

const TEXTS = new WeakMap<Command, HelpTexts>();
const NONE: HelpTexts = { examples: [], usual: [], notes: '' };

export const helpTextsOf = (command: Command): HelpTexts => TEXTS.get(command) ?? NONE;

export const setHelpTexts = (command: Command, texts: Partial<HelpTexts>): Command => {
  TEXTS.set(command, { ...NONE, ...texts });
  return command;
};

/** Longest term beside its description, in characters; a longer one has its own line. */
const MAX_TERM = 30;
/** Narrowest help with two columns, in characters. */
const TWO_COLUMNS = 64;
const LEAST = 24;

interface Page {
  isFull: boolean;
  width: number;
  helper: Help;
}

/** @param first replaces the indent of the first line */
const wrap = (text: string, width: number, indent: string, first = indent): string => {
  const lines: string[] = [];
  let line = first;
  for (const paragraph of text.split('\n')) {
    /* Keeps a paragraph's indent, which examples of rows have. */
    const [own = ''] = /^ */.exec(paragraph) ?? [];
    let isEmpty = true;
    line += own;
    for (const word of paragraph.slice(own.length).split(' ')) {
      if (!isEmpty && line.length + 1 + word.length > width) {
        lines.push(line);
        line = indent + own + word;
      } else line += isEmpty ? word : ` ${word}`;
      isEmpty = false;
    }
    lines.push(line.trimEnd());
    line = indent;
  }
  return lines.join('\n');
};

const item = (term: string, description: string, termWidth: number, { width }: Page): string => {
  if (width < TWO_COLUMNS) return `  ${term}\n${wrap(description, width, '      ')}`;
  const indent = ' '.repeat(termWidth + 4);
  const head = `  ${term}`.padEnd(indent.length);
  if (term.length > termWidth) return `  ${term}\n${wrap(description, width, indent)}`;
  return wrap(description, width, indent, head);
};

const list = (heading: string, items: readonly (readonly [string, string])[], page: Page): string[] => {
  if (items.length === 0) return [];
  const termWidth = Math.min(MAX_TERM, Math.max(...items.map(([term]) => term.length)));
  return [[heading, ...items.map(([term, description]) => item(term, description, termWidth, page))].join('\n')];
};

const DEFAULT = / \(default: .*\)$/;

/** Up to the first `;`, `:` or `.` before a space, but not inside parentheses. */
const CLAUSE = /^(?:\([^()]*\)|(?![;:.] ).)*/s;

/** A description's first clause and its default. */
const brief = (description: string): string => {
  const [clause = ''] = CLAUSE.exec(description.replace(DEFAULT, '')) ?? [];
  return clause + (DEFAULT.exec(description)?.[0] ?? '');
};

const optionItem = ({ helper, isFull }: Page, option: Option): [string, string] => {
  const description = helper
    .optionDescription(option)
    .replace(/ \(preset: ".*"\)$/, '')
    .replace(/\(default: "(.+)"\)$/, '(default: $1)');
  return [helper.optionTerm(option), isFull ? description : brief(description)];
};

/** Help of the program is help of `refine`, whose name may be left out. */
const mainOf = (command: Command): Command => (command.parent === null ? (command.commands[0] ?? command) : command);

const optionsOf = (command: Command, { helper }: Page): Option[] => {
  const main = mainOf(command);
  return main === command
    ? helper.visibleOptions(command)
    : [...helper.visibleOptions(main).slice(0, -1), ...helper.visibleOptions(command)];
};

/** Every option under its heading, in the order of the headings. */
const groups = (command: Command, page: Page): string[] => {
  const byHeading = new Map<string, Option[]>();
  for (const option of optionsOf(command, page)) {
    const heading = option.helpGroupHeading ?? 'Options:';
    byHeading.set(heading, [...(byHeading.get(heading) ?? []), option]);
  }
  return [...byHeading].flatMap(([heading, options]) =>
    list(
      heading,
      options.map((option) => optionItem(page, option)),
      page,
    ),
  );
};

const usualOptions = (command: Command, page: Page): string[] => {
  const options = optionsOf(command, page);
  const { usual } = helpTextsOf(command);
  const shown =
    usual.length === 0 ? options : usual.flatMap((name) => options.filter((option) => option.long === name));
  return list(
    'Options:',
    shown.map((option) => optionItem(page, option)),
    page,
  );
};

const isDescribed = (argument: Argument): boolean => argument.description !== '';

const format = (command: Command, page: Page): string => {
  const { helper, width, isFull } = page;
  const { examples, usual } = helpTextsOf(command);
  const isProgram = command.parent === null;
  const main = mainOf(command);
  const name = helper.commandUsage(command).split(' [')[0]?.split(' <')[0] ?? '';
  const usage = isProgram
    ? `Usage: ${name} [options] <picture>\n       ${name} <command> [options]`
    : wrap(`Usage: ${helper.commandUsage(command)}`, width, '  ', '');
  const describedArguments = helper.visibleArguments(main).filter(isDescribed);
  const commands = helper.visibleCommands(command).filter((subcommand) => subcommand !== main);
  const all = isProgram
    ? `All options: ${name} help all, ${name} help batch all, …`
    : usual.length > 0
      ? `All options: ${name} --help all`
      : '';
  const { notes } = helpTextsOf(main);
  const examplesText = examples.length === 0 ? [] : [['Examples:', ...examples.map((line) => `  ${line}`)].join('\n')];
  return `${[
    usage,
    wrap(helper.commandDescription(command), width, ''),
    ...(isFull ? [] : examplesText),
    ...list(
      'Arguments:',
      describedArguments.map((argument) => [helper.argumentTerm(argument), helper.argumentDescription(argument)]),
      page,
    ),
    ...(isFull ? groups(command, page) : usualOptions(command, page)),
    ...list(
      'Commands:',
      commands.map((subcommand) => [subcommand.name(), helper.subcommandDescription(subcommand)]),
      page,
    ),
    ...(isFull ? examplesText : []),
    ...(isFull && notes !== '' ? [wrap(notes, width, '')] : []),
    ...(isFull || all === '' ? [] : [wrap(all, width, '')]),
  ].join('\n\n')}\n`;
};

export const helpConfiguration = (isFull: boolean): HelpConfiguration => ({
  formatHelp: (command, helper) => format(command, { helper, isFull, width: Math.max(LEAST, helper.helpWidth ?? 80) }),
});
