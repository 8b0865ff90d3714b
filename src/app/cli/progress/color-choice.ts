/** Colours on standard error. Standard output has no colours: it is for results. */
import { Option } from 'commander';

const CHOICES = ['auto', 'always', 'never'] as const;

/** false: `--no-color`. */
export type ColorChoice = (typeof CHOICES)[number] | false;

/** `--color` and `--no-color`, under the heading of the options that every command has. */
export const colorOptions = (): Option[] => {
  const choice = new Option('--color <when>', 'colours on standard error; auto: where it is a terminal');
  const none = new Option('--no-color', 'same as --color never');
  return [choice.choices(CHOICES), none].map((option) => option.helpGroup('Options:'));
};

/** Priority: the option, NO_COLOR, FORCE_COLOR, whether standard error is a terminal. An empty variable counts as not set. */
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
