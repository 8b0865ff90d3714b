/** Suggests an option for an unknown one, if commander does not. */
import type { Command } from 'commander';
import { optionFlag } from '../../../run/manifest/rows/parse-value.js';
import { rowKeyOf } from '../../../run/manifest/rows/row-keys.js';

/** Other programs' names of options. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '--cfg': '--guidance-scale',
  '--cfg-scale': '--guidance-scale',
  '--sampler': '--scheduler',
  '--sampler-name': '--scheduler',
  '--denoising-strength': '--strength',
  '--out': '--output-dir',
};

/** commander's error text, with a suggestion if it lacks one. */
export const withSuggestion = (text: string, command: Command): string => {
  const [, flag = ''] = /unknown option '(--[^'=]+)/.exec(text) ?? [];
  if (flag === '' || text.includes('Did you mean')) return text;
  const near = nearOption(flag.toLowerCase().replaceAll('_', '-'), command);
  return near === null ? text : `${text.trimEnd()}\n(Did you mean ${near}?)\n`;
};

/** Matches another spelling of a row key, another program's name, or the beginning of an option. */
const nearOption = (flag: string, command: Command): string | null => {
  const flags = command.options.flatMap(({ long, hidden }) => (long == null || hidden ? [] : [long]));
  const key = rowKeyOf(flag.slice(2).replaceAll('-', '_'));
  const candidates = [flag, ...(key === undefined ? [] : [optionFlag(key)]), OTHER_NAMES[flag]];
  const known = candidates.find((candidate) => candidate !== undefined && flags.includes(candidate));
  return known ?? flags.find((long) => long.startsWith(`${flag}-`)) ?? null;
};
