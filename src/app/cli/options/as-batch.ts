/** A command line of one picture as one of `batch`, to be copied from a message. */
import { shellWord } from '../../../run/manifest/inputs/shell-word.js';

/** Words that are shown: a shell expands a glob to thousands. */
const SHOWN_WORDS = 12;

/** @param words of the command line, without the program */
export const asBatch = ([first, ...rest]: readonly string[]): string => {
  const words = withoutOutput(first === 'refine' || first === undefined ? rest : [first, ...rest]);
  const shown = words.slice(0, SHOWN_WORDS).map(shellWord);
  return ['sdxl-refine batch', ...shown, ...(words.length > shown.length ? ['…'] : [])].join(' ');
};

/** `--output` names a file, which `batch` does not take: its pictures go into a folder. */
const withoutOutput = (words: readonly string[]): readonly string[] =>
  words.filter((word, at) => !/^(?:-o|--output(?:=|$))/.test(word) && !/^(?:-o|--output)$/.test(words[at - 1] ?? ''));
