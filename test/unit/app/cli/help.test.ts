/** Help on one screen, help with everything, in any width; and a letter that means one option everywhere. */
import type { Command } from 'commander';
import { readHelpWords } from '#src/app/cli/first-word.js';
import { helpTextsOf } from '#src/app/cli/help-text.js';
import { buildProgram } from '#src/app/cli/program.js';
import type { ProcessContext } from '#src/app/cli/process-context.js';

const programOf = (columns: number | undefined, isFull = false): Command =>
  buildProgram({ stdout: { columns }, stderr: {} } as unknown as ProcessContext, () => undefined, isFull);

const all = (program: Command): Command[] => [
  program,
  ...program.commands.filter((one) => !one.name().startsWith('_')).flatMap(all),
];
const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
const linesOf = (command: Command): string[] => command.helpInformation().trimEnd().split('\n');
const commands = (isFull = false): [string, Command][] => all(programOf(80, isFull)).map((one) => [nameOf(one), one]);

it.each(commands())('%s --help is one screen of 80 columns and 40 lines', (_, command) => {
  const lines = linesOf(command);
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

it.each(commands(true))('%s --help all has every option, in 80 columns', (_, command) => {
  const lines = linesOf(command);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  const text = lines.join('\n');
  for (const { long, hidden } of command.options) if (!hidden) expect(text).toContain(`${long}`);
});

it('the first screen of each command says where the rest is', () => {
  for (const [name, command] of commands()) {
    const { usual } = helpTextsOf(command);
    const isCut = usual.length > 0;
    expect(command.helpInformation().includes('help all')).toBe(isCut);
    const main = command.parent === null ? command.commands[0]! : command;
    expect([name, usual.filter((one) => !main.options.some(({ long }) => long === one))]).toEqual([name, []]);
  }
});

it('a narrow terminal has descriptions below their names', () => {
  const wide = programOf(120).helpInformation();
  expect(wide).toMatch(/^ {2}--steps <n> +inference steps of the schedule/m);
  const narrow = programOf(40).helpInformation().split('\n');
  expect(narrow).toContain('  --steps <n>');
  expect(narrow).toContain('      inference steps of the schedule');
  const examples = narrow.filter((line) => line.startsWith('  sdxl-refine '));
  expect(narrow.filter((line) => line.length > 40 && !examples.includes(line))).toEqual([]);
});

it('a letter means one option on every command', () => {
  const meanings = new Map<string, Set<string>>();
  for (const [, command] of commands())
    for (const { short, long } of command.options)
      if (short !== undefined) meanings.set(short, (meanings.get(short) ?? new Set()).add(long ?? ''));
  const several = [...meanings].filter(([, options]) => options.size > 1);
  expect(several.map(([letter, options]) => [letter, [...options]])).toEqual([['-o', ['--output', '--output-dir']]]);
});

it('an option with a letter has it on every command', () => {
  const letters = new Map<string, string>();
  const options = commands().flatMap(([name, command]) => command.options.map((option) => [name, option] as const));
  for (const [, { short, long }] of options) if (short !== undefined && long != null) letters.set(long, short);
  /* The version belongs to the program, and a help option has its letter from commander. */
  const bare = options.filter(
    ([, { short, long, hidden }]) => !hidden && short === undefined && letters.has(long ?? ''),
  );
  expect(bare.map(([name, { flags }]) => `${name} ${flags}`)).toEqual([]);
});

it('no description is cut inside parentheses, or says only its default', () => {
  for (const [name, command] of commands()) {
    const text = command.helpInformation().replaceAll(/\s+/g, ' ');
    expect([name, text.split('(').length]).toEqual([name, text.split(')').length]);
    expect([name, /> {1,}auto \(default: auto\)/.exec(text)]).toEqual([name, null]);
    expect([name, /\(preset:|default: \[\]/.exec(command.helpInformation())]).toEqual([name, null]);
  }
  const work = commands(true).find(([name]) => name.endsWith('work'))?.[1];
  expect(work?.helpInformation()).not.toContain('preset');
});

it.each([
  ['help', '--help', false],
  ['help batch', 'batch --help', false],
  ['help all', '--help', true],
  ['help batch all', 'batch --help', true],
  ['help models pull', 'models pull --help', false],
  ['batch --help all', 'batch --help', true],
  ['-h all', '-h', true],
  ['batch x -p all', 'batch x -p all', false],
])('%s asks for %s, full: %p', (given, words, isFull) => {
  expect(readHelpWords(given.split(' '))).toEqual({ words: words.split(' '), isFull });
});
