/** Settings of a run from all that give them: option beats environment beats configuration file beats default. */
import { jsonText } from '../../../io/json/json-text.js';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { findConfigFile, readConfigFile, type ConfigFile } from './config-file.js';
import { checkSetting, configKeys, type ConfigKey, type SettingValue } from './config-keys.js';
import { CONFIG_VARIABLE, readEnvironment } from './environment.js';
import { refuseForeignSettings } from './found-settings.js';
import { variable, type Surroundings } from '../process-context.js';
import { findUserConfig } from './user-config.js';

export type SettingSource = 'option' | 'env' | 'config' | 'default';

export interface Setting {
  /** null: none, or not known before the run. */
  value: SettingValue | null;
  source: SettingSource;
  /** Of `config`: the file that gave it, absolute. */
  file?: string;
}

export interface MergedConfig<Flags> {
  /** As if everything had been given on the command line. */
  flags: Flags;
  /** Absolute path of the configuration file that was named or found, or null. */
  file: string | null;
  /** The same of the user's own. */
  userFile: string | null;
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
  const [nearest, own] = await openConfigFiles(command, inputs, { keys, strangers }, around);
  const flags: Record<string, unknown> = { ...command.opts() };
  const settings: Record<string, Setting> = {};
  for (const key of keys) {
    const fromEnvironment = environment.get(key.name);
    const file = [nearest, own].find((one) => one?.settings.has(key.name) === true);
    const fromFile = file?.settings.get(key.name);
    if (command.getOptionValueSource(key.attribute) === 'cli') {
      settings[key.name] = { value: checkFlag(key, flags[key.attribute]), source: 'option' };
    } else if (fromEnvironment !== undefined) {
      settings[key.name] = { value: fromEnvironment, source: 'env' };
    } else if (file != null && fromFile !== undefined) {
      settings[key.name] = { value: fromFile, source: 'config', file: file.path };
    } else {
      settings[key.name] = { value: key.default, source: 'default' };
      continue;
    }
    flags[key.attribute] = asFlag(settings[key.name]?.value ?? null, key.isList);
  }
  /* An error that comes later is told as the command was asked to speak. */
  if (flags['json'] === true) command.setOptionValue('json', true);
  return { flags: flags as Flags, file: nearest?.path ?? null, userFile: own?.path ?? null, settings };
};

/**
 * What `--print-config` prints: JSON, a setting a line.
 * @param brought by the model, in place of defaults
 */
export const configText = (
  { file: configFile, userFile, settings }: MergedConfig<object>,
  brought: Readonly<Record<string, unknown>>,
): string => {
  const lines = Object.entries(settings).map(([name, { value, source, file }]) => {
    const own = source === 'default' && Object.hasOwn(brought, name) ? brought[name] : undefined;
    const [shown, from] = own === undefined ? [value, source] : [own, 'model'];
    const place = file === undefined ? '' : `, "file": ${jsonText(file)}`;
    return `    "${name}": { "value": ${jsonText(shown)}, "source": "${from}"${place} }`;
  });
  const files = `"config_file": ${jsonText(configFile)},\n  "user_config_file": ${jsonText(userFile)}`;
  return `{\n  ${files},\n  "settings": {\n${lines.join(',\n')}\n  }\n}\n`;
};

/** Settings of the program's other commands: one file and one environment serve all. */
const namesOfOthers = (command: Command): ReadonlySet<string> =>
  new Set((command.parent?.commands ?? []).flatMap((other) => configKeys(other).map(({ name }) => name)));

/** The file that was named or found, which counts for more, and the user's own. */
const openConfigFiles = async (
  command: Command,
  inputs: readonly string[],
  known: { keys: readonly ConfigKey[]; strangers: ReadonlySet<string> },
  around: Places,
): Promise<readonly [ConfigFile | null, ConfigFile | null]> => {
  const { config } = command.opts<{ config?: string | false }>();
  if (config === false) return [null, null];
  const cwd = around.cwd();
  const read = async (path: string | null): Promise<ConfigFile | null> =>
    path === null ? null : readConfigFile(path, cwd, known.keys, known.strangers);
  const named = config ?? variable(CONFIG_VARIABLE, around);
  const ownPath = await findUserConfig(around.env);
  const path = named === undefined ? await findConfigFile(inputs[0] ?? '-', cwd) : resolve(cwd, named);
  const nearest = path === ownPath ? null : await read(path);
  if (named === undefined && nearest !== null) await refuseForeignSettings(nearest, around);
  return [nearest, await read(ownPath)];
};

/** The command line gives texts and switches. */
const checkFlag = (key: ConfigKey, given: unknown): SettingValue =>
  checkSetting(key, typeof given === 'string' ? key.read(given) : given, key.flag);

const asFlag = (value: SettingValue | null, isList: boolean): string | boolean | readonly string[] => {
  if (isList) return value as string | readonly string[];
  return typeof value === 'boolean' || typeof value === 'string' ? value : JSON.stringify(value);
};
