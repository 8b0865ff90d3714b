/** The parser's errors as errors of the program: a sentence, what was meant, and a code. */
import type { Command } from 'commander';
import { listSome, RefineError } from '../../../errors.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { relatedKey } from '../../../run/manifest/rows/foreign-names.js';
import { optionFlag } from '../../../run/manifest/rows/parse-value.js';
import { asBatch } from './as-batch.js';

/** Other programs' names of options that are no row keys, and ours; the first that a command has is meant. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  '--sampling-method': ['--scheduler'],
  '--refiner': ['--model'],
  '--ckpt': ['--model'],
  '--checkpoint': ['--model'],
  '--num-images': ['--count'],
  '--num-images-per-prompt': ['--count'],
  '--batch-count': ['--count'],
  '--n-iter': ['--count'],
  '--size': ['--width'],
  '--out': ['--output-dir', '--output'],
  '--outdir': ['--output-dir', '--output'],
};

/**
 * @param text that commander prints
 * @param words of the command line
 */
export const usageError = (text: string, command: Command, words: readonly string[]): RefineError => {
  const [first = '', suggestion = ''] = text
    .replace(/^error: /, '')
    .trimEnd()
    .split('\n');
  const [, option] = /^unknown option '(-[^'=]*)/.exec(first) ?? [];
  const message =
    option === undefined
      ? sentence(first, suggestion)
      : `Unknown option ${option}${mendOf(option, suggestion, command, words)}`;
  return new RefineError('USAGE_OPTION_INVALID', message);
};

const HELP = '--help lists the options';

/** `missing required argument 'id'` → `Missing required argument id. --help lists the options.` */
const sentence = (text: string, suggestion: string): string => {
  const [, flags] = /^option '(.+)' argument missing$/.exec(text) ?? [];
  if (flags !== undefined) return `Option ${flags} needs a value. ${HELP}.`;
  const [, word] = /^unknown command '(.*)'$/s.exec(text) ?? [];
  if (word !== undefined) return `There is no command ${formatValue(word)}${didYouMean(suggestion) ?? `. ${HELP}.`}`;
  const [, missing] = /^missing required argument '(.+)'$/.exec(text) ?? [];
  if (missing !== undefined) return `Missing required argument ${missing}. ${HELP}.`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}. ${HELP}.`;
};

/** Of commander's `(Did you mean --prompt?)`; null without one. */
const didYouMean = (suggestion: string): string | null => {
  const [, meant] = /^\(Did you mean (.+)\?\)$/.exec(suggestion) ?? [];
  return meant === undefined ? null : `: did you mean ${meant}?`;
};

/** commander compares spellings only, so what is known of a name comes first. */
const mendOf = (option: string, suggestion: string, command: Command, words: readonly string[]): string => {
  const flag = option.toLowerCase().replaceAll('_', '-');
  const names = sameAs(flag);
  const own = flagsOf(command);
  const known = names.find((name) => own.includes(name)) ?? own.find((long) => long.startsWith(`${flag}-`));
  if (known !== undefined) return `: did you mean ${known === '--width' ? '--width and --height' : known}?`;
  return ownersText(names, command, words) ?? didYouMean(suggestion) ?? `. ${HELP}.`;
};

/** The option, another spelling of its row key, and what other programs call so. */
const sameAs = (flag: string): readonly string[] => {
  if (!flag.startsWith('--')) return [];
  const key = relatedKey(flag.slice(2).replaceAll('-', '_'));
  return [flag, ...(key === undefined ? [] : [optionFlag(key)]), ...(OTHER_NAMES[flag] ?? [])];
};

/** The first of the names that another command has, and the commands. */
const ownersText = (names: readonly string[], command: Command, words: readonly string[]): string | null => {
  const others = leavesOf(rootOf(command)).filter((other) => other !== command);
  for (const name of names) {
    const owners = others.filter((other) => flagsOf(other).includes(name)).map(nameOf);
    if (owners.length === 0) continue;
    const meant = name === names[0] ? 'it' : name;
    const batch = command.name() === 'refine' && owners.includes('batch') ? `. For this: ${asBatch(words)}` : '';
    return `: ${meant} belongs to ${listSome(owners)}${batch}`;
  }
  return null;
};

const flagsOf = ({ options }: Command): string[] =>
  options.flatMap(({ long, hidden }) => (long == null || hidden ? [] : [long]));

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

/** Commands that do something, without hidden ones. */
const leavesOf = ({ commands }: Command): Command[] =>
  commands
    .filter((command) => !command.name().startsWith('_'))
    .flatMap((command) => (command.commands.length > 0 ? leavesOf(command) : [command]));

/** `models pull`; of the main command, `sdxl-refine <picture>`. */
const nameOf = (command: Command): string => {
  if (command.name() === 'refine') return 'sdxl-refine <picture>';
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`;
};
