/** Settings of a run from all that give them: option beats environment beats configuration file beats default. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { findConfigFile, readConfigFile, type ConfigFile } from './config-file.js';
import { checkSetting, configKeys, type ConfigKey, type SettingValue } from './config-keys.js';
import { CONFIG_VARIABLE, readEnvironment } from './environment.js';
import type { Surroundings } from './surroundings.js';

export type SettingSource = 'option' | 'env' | 'config' | 'default';

export interface Setting {
  /** null: none, or not known before the run. */
  value: SettingValue | null;
  source: SettingSource;
}

export interface MergedConfig<Flags> {
  /** As if everything had been given on the command line. */
  flags: Flags;
  /** Absolute path of the configuration file, or null. */
  file: string | null;
  /** By key name, in the order of the command's help. */
  settings: Readonly<Record<string, Setting>>;
}

/** Where settings are looked for besides the command line. */
type Places = Pick<Surroundings, 'env' | 'cwd'>;

/**
 * @param command parsed: knows which options the command line gave
 * @throws RefineError USAGE_OPTION_INVALID | USAGE_CONFLICT, naming the option, variable or file that is wrong
 */
export const mergeConfig = async <Flags extends object>(
  command: Command,
  inputs: readonly string[],
  around: Places,
): Promise<MergedConfig<Flags>> => {
  const keys = configKeys(command);
  const strangers = namesOfOthers(command);
  const environment = readEnvironment(keys, around.env, strangers);
  const file = await openConfigFile(command, inputs, { keys, strangers }, around);
  const flags: Record<string, unknown> = { ...command.opts() };
  const settings: Record<string, Setting> = {};
  for (const key of keys) {
    const fromEnvironment = environment.get(key.name);
    const fromFile = file?.settings.get(key.name);
    if (command.getOptionValueSource(key.attribute) === 'cli') {
      settings[key.name] = { value: checkFlag(key, flags[key.attribute]), source: 'option' };
    } else if (fromEnvironment !== undefined) {
      settings[key.name] = { value: fromEnvironment, source: 'env' };
    } else if (fromFile !== undefined) {
      settings[key.name] = { value: fromFile, source: 'config' };
    } else {
      settings[key.name] = { value: key.default, source: 'default' };
      continue;
    }
    flags[key.attribute] = asFlag(settings[key.name]?.value ?? null, key.isList);
  }
  return { flags: flags as Flags, file: file?.path ?? null, settings };
};

/** What `--print-config` prints: JSON, a setting a line. */
export const configText = ({ file, settings }: MergedConfig<object>): string => {
  const lines = Object.entries(settings).map(
    ([name, { value, source }]) => `    "${name}": { "value": ${JSON.stringify(value)}, "source": "${source}" }`,
  );
  return `{\n  "config_file": ${JSON.stringify(file)},\n  "settings": {\n${lines.join(',\n')}\n  }\n}\n`;
};

/** Settings of the program's other commands: one file and one environment serve all. */
const namesOfOthers = (command: Command): ReadonlySet<string> =>
  new Set((command.parent?.commands ?? []).flatMap((other) => configKeys(other).map(({ name }) => name)));

const openConfigFile = async (
  command: Command,
  inputs: readonly string[],
  known: { keys: readonly ConfigKey[]; strangers: ReadonlySet<string> },
  { env, cwd }: Places,
): Promise<ConfigFile | null> => {
  const { config } = command.opts<{ config?: string | false }>();
  if (config === false) return null;
  const named = config ?? (env[CONFIG_VARIABLE] === '' ? undefined : env[CONFIG_VARIABLE]);
  const path = named === undefined ? await findConfigFile(inputs[0] ?? '-', cwd()) : resolve(cwd(), named);
  return path === null ? null : readConfigFile(path, cwd(), known.keys, known.strangers);
};

/** The command line gives texts and switches. */
const checkFlag = (key: ConfigKey, given: unknown): SettingValue =>
  checkSetting(key, typeof given === 'string' ? key.read(given) : given, key.flag);

const asFlag = (value: SettingValue | null, isList: boolean): string | boolean | readonly string[] => {
  if (isList) return value as string | readonly string[];
  return typeof value === 'boolean' || typeof value === 'string' ? value : JSON.stringify(value);
};
