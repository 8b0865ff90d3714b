/** `sdxl-refine completion`: prints a shell's script, and answers the script's requests. */
import { Argument, Command } from 'commander';
import { METADATA_KEYS } from '../../../run/manifest/rows/embedded-values.js';
import { rowKeyOf } from '../../../run/manifest/rows/row-keys.js';
import { BUNDLED_MODELS } from '../options/bundled-model.js';
import { completeWords, type Completions, type ValuesOf } from '../completion/complete-words.js';
import { COMPLETION_SCRIPTS } from '../completion/completion-scripts.js';
import { setHelpTexts } from '../help-text.js';
import { OPTION_CHOICES } from '../options/option-choices.js';
import { wordsOf } from '../options/row-options.js';
import { shellWords } from '../completion/shell-words.js';
import type { ProcessContext } from '../process-context.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const NOTES = `Where the script goes:
  bash  ~/.bashrc: source <(sdxl-refine completion bash)
  zsh   ~/.zshrc, after compinit: source <(sdxl-refine completion zsh)
  fish  sdxl-refine completion fish > ~/.config/fish/completions/sdxl-refine.fish`;

export const completionCommand = (context: ProcessContext): Command =>
  setHelpTexts(
    new Command('completion')
      .description('Prints a completion script for a shell.\n\n' + NOTES)
      .summary('Prints the completion script of bash, zsh or fish.')
      .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
      .action((shell: (typeof SHELLS)[number]) => {
        context.stdout.write(COMPLETION_SCRIPTS[shell]);
      }),
    {},
  );

/** The command that the scripts call. Its words may be options of any command. */
export const completeCommand = (context: ProcessContext): Command =>
  new Command('__complete')
    .argument('<form>')
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (form: string, words: string[], _: unknown, command: Command) => {
      const program = command.parent;
      if (program !== null) context.stdout.write(await answer(form, words, program, valuesIn(context)));
    });

/** @param form line: `words` are the part of a word that bash replaces and the whole line; words: all words up to the cursor */
const answer = async (
  form: string,
  words: readonly string[],
  program: Command,
  valuesFor: ValuesOf,
): Promise<string> => {
  if (form !== 'line') {
    const { place, offered } = await completeWords(program, words.slice(0, -1), words.at(-1) ?? '', valuesFor);
    return linesOf(place, offered);
  }
  const [part = '', line = ''] = words;
  const [, ...typed] = shellWords(line);
  const current = typed.pop() ?? '';
  const { place, offered } = await completeWords(program, typed, current, valuesFor);
  const cut = current.endsWith(part) ? current.length - part.length : 0;
  const fitting = offered.filter(({ value }) => value.startsWith(current));
  return linesOf(
    place,
    fitting.map(({ value, description }) => ({ value: value.slice(cut), description })),
  );
};

const linesOf = (place: Completions['place'], offered: Completions['offered']): string =>
  [place, ...offered.map(({ value, description }) => `${value}\t${description}`)].map((text) => `${text}\n`).join('');

const valuesIn =
  (context: ProcessContext): ValuesOf =>
  async (name) => {
    switch (name) {
      case 'model':
      case 'base':
      case 'show model':
      case 'verify model':
        return modelNames(context);
      case 'scheduler':
      case 'refiner-scheduler':
        return [...new Set((await import('../../../diffusion/schedulers/registry.js')).schedulerSpellings)];
      case 'from-metadata':
        return ['all', 'none', ...METADATA_KEYS];
      default: {
        const key = rowKeyOf(name.replaceAll('-', '_'));
        return OPTION_CHOICES[name] ?? (key === undefined ? null : wordsOf(key));
      }
    }
  };

const modelNames = async ({ env }: ProcessContext): Promise<string[]> => {
  /* Imported on demand, so that other completions stay fast. */
  const { listCached } = await import('../../../models/hub/list-cached.js');
  const cached = await listCached(env).catch(() => ({ models: [] }));
  return [...BUNDLED_MODELS.map(({ name }) => name), ...cached.models.map(({ id }) => id)];
};
