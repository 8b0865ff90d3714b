/** A command line of one picture as one of `batch`, to be copied from a message. */
import { formatValue } from '../../../run/manifest/rows/format-value.js';

/** Words that are shown: a shell expands a glob to thousands. */
const SHOWN_WORDS = 12;

/** A word as a shell takes it. */
export const shellWord = (word: string): string => (/^[\w./+:=,@%-]+$/.test(word) ? word : formatValue(word));

/** @param words of the command line, without the program */
export const asBatch = ([first, ...rest]: readonly string[]): string => {
  const words = first === 'refine' || first === undefined ? rest : [first, ...rest];
  const shown = words.slice(0, SHOWN_WORDS).map(shellWord);
  return ['sdxl-refine batch', ...shown, ...(words.length > shown.length ? ['…'] : [])].join(' ');
};
