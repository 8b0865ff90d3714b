/** Whether there are colours on standard error. Standard output has none: it is results. */
import { Option } from 'commander';

const CHOICES = ['auto', 'always', 'never'] as const;

/** `--no-color` comes as false. */
export type ColorChoice = (typeof CHOICES)[number] | false;

/** With the options that every command has, whichever group of its help comes last. */
export const colorOptions = (): Option[] => {
  const choice = new Option('--color <when>', 'colours on standard error; auto: where it is a terminal');
  const none = new Option('--no-color', 'same as --color never');
  return [choice.choices(CHOICES), none].map((option) => option.helpGroup('Options:'));
};

/** The option beats NO_COLOR, which beats FORCE_COLOR, which beats whether it is a terminal. An empty variable is not set. */
export const hasColors = (
  choice: ColorChoice | undefined,
  { env, stderr }: { env: Readonly<Record<string, string | undefined>>; stderr: { isTTY?: boolean } },
): boolean => {
  if (choice === 'always') return true;
  if (choice === 'never' || choice === false) return false;
  const { NO_COLOR: none = '', FORCE_COLOR: forced = '', TERM: terminal } = env;
  if (none !== '') return false;
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return stderr.isTTY === true && terminal !== 'dumb';
};
