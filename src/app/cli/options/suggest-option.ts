/** Names the option that an unknown one was meant to be, where commander knows none by its letters. */
import type { Command } from 'commander';
import { optionFlag } from '../../../run/manifest/rows/parse-value.js';
import { rowKeyOf } from '../../../run/manifest/rows/row-keys.js';

/** What other programs call ours. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '--cfg': '--guidance-scale',
  '--cfg-scale': '--guidance-scale',
  '--sampler': '--scheduler',
  '--sampler-name': '--scheduler',
  '--denoising-strength': '--strength',
  '--out': '--output-dir',
};

/** An error of commander's, with a suggestion where it has none. */
export const withSuggestion = (text: string, command: Command): string => {
  const [, flag = ''] = /unknown option '(--[^'=]+)/.exec(text) ?? [];
  if (flag === '' || text.includes('Did you mean')) return text;
  const near = nearOption(flag.toLowerCase().replaceAll('_', '-'), command);
  return near === null ? text : `${text.trimEnd()}\n(Did you mean ${near}?)\n`;
};

/** Another spelling of a row's key, another program's word, or the beginning of a name. */
const nearOption = (flag: string, command: Command): string | null => {
  const flags = command.options.flatMap(({ long, hidden }) => (long == null || hidden ? [] : [long]));
  const key = rowKeyOf(flag.slice(2).replaceAll('-', '_'));
  const candidates = [flag, ...(key === undefined ? [] : [optionFlag(key)]), ELSEWHERE[flag]];
  const known = candidates.find((candidate) => candidate !== undefined && flags.includes(candidate));
  return known ?? flags.find((long) => long.startsWith(`${flag}-`)) ?? null;
};
