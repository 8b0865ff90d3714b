/** Merges the settings of a run: option beats environment beats configuration file beats default. */
import { jsonText } from '../../../io/json/json-text.js';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { findConfigFile, readConfigFile, type ConfigFile } from './config-file.js';
import { checkSetting, configKeys, type ConfigKey } from './config-keys.js';
import type { SettingValue } from './setting-value.js';
import { readEnvironment } from './environment.js';
import { CONFIG_VARIABLE } from './variable-name.js';
import { refuseUntrustedSettings } from './untrusted-settings.js';
import { AS_OPTION, AS_VARIABLE, inFile, withNewNames, type Spelling } from './renamed-settings.js';
import { variable, type ProcessContext } from '../process-context.js';
import { escapeControls } from '../progress/escape-controls.js';
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

/** Where settings are looked for besides the command line, and where notes go. */
type Places = Pick<ProcessContext, 'env' | 'cwd'> & { stderr: Pick<ProcessContext['stderr'], 'write'> };

/**
 * @param command parsed: knows which options the command line gave
 * @throws RefineError USAGE_OPTION_INVALID | USAGE_CONFLICT, naming the option, variable or file that is wrong
 */
export const mergeConfig = async <Flags extends object>(
  command: Command,
  inputs: readonly string[],
  context: Places,
): Promise<MergedConfig<Flags>> => {
  const keys = configKeys(command);
  const otherNames = settingsOfOtherCommands(command);
  const environment = readEnvironment(keys, context.env, otherNames);
  const [nearest, own] = await openConfigFiles(command, inputs, { keys, otherNames }, context);
  const flags: Record<string, unknown> = { ...command.opts() };
  const notes: string[] = [];
  const fromFile = (file: ConfigFile | null): Given[] =>
    file === null ? [] : [{ values: file.settings, spelling: inFile(file.path), source: 'config', file: file.path }];
  const given: Given[] = [
    { values: givenOptions(command, keys, flags), spelling: AS_OPTION, source: 'option' },
    { values: environment, spelling: AS_VARIABLE, source: 'env' },
    ...fromFile(nearest),
    ...fromFile(own),
  ];
  const sources = given.map((one) => ({
    ...one,
    values: withNewNames(one.values, one.spelling, (note) => notes.push(note)),
  }));
  const settings: Record<string, Setting> = {};
  for (const { name, attribute, default: usual, isList, isOld } of keys) {
    if (isOld) {
      Reflect.deleteProperty(flags, attribute);
      continue;
    }
    /* The first source counts. */
    const found = sources.find(({ values }) => values.has(name));
    const value = found?.values.get(name) ?? usual;
    const { source, file } = found ?? { source: 'default' };
    settings[name] = { value, source, ...(file === undefined ? {} : { file }) };
    if (found !== undefined) flags[attribute] = asFlag(value, isList);
  }
  if (flags['quiet'] !== true) for (const note of notes) context.stderr.write(`Note: ${escapeControls(note)}\n`);
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
const settingsOfOtherCommands = (command: Command): ReadonlySet<string> =>
  new Set((command.parent?.commands ?? []).flatMap((other) => configKeys(other).map(({ name }) => name)));

/** The file that was named or found, which counts for more, and the user's own. */
const openConfigFiles = async (
  command: Command,
  inputs: readonly string[],
  known: { keys: readonly ConfigKey[]; otherNames: ReadonlySet<string> },
  context: Places,
): Promise<readonly [ConfigFile | null, ConfigFile | null]> => {
  const { config } = command.opts<{ config?: string | false }>();
  if (config === false) return [null, null];
  const cwd = context.cwd();
  const read = async (path: string | null): Promise<ConfigFile | null> =>
    path === null ? null : readConfigFile(path, cwd, known.keys, known.otherNames);
  const named = config ?? variable(CONFIG_VARIABLE, context);
  const ownPath = await findUserConfig(context.env);
  const path = named === undefined ? await findConfigFile(inputs[0] ?? '-', cwd) : resolve(cwd, named);
  const nearest = path === ownPath ? null : await read(path);
  if (named === undefined && nearest !== null) await refuseUntrustedSettings(nearest, context);
  return [nearest, await read(ownPath)];
};

/** What one source gives. */
interface Given {
  /** By key name. */
  values: ReadonlyMap<string, SettingValue>;
  spelling: Spelling;
  source: Exclude<SettingSource, 'default'>;
  /** Of `config`: absolute. */
  file?: string;
}

const givenOptions = (
  command: Command,
  keys: readonly ConfigKey[],
  flags: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, SettingValue> =>
  new Map(
    keys
      .filter(({ attribute }) => command.getOptionValueSource(attribute) === 'cli')
      .map((key) => [key.name, checkFlag(key, flags[key.attribute])]),
  );

/** The command line gives texts and switches. */
const checkFlag = (key: ConfigKey, given: unknown): SettingValue =>
  checkSetting(key, typeof given === 'string' ? key.read(given) : given, key.flag);

const asFlag = (value: SettingValue | null, isList: boolean): string | boolean | readonly string[] => {
  if (isList) return value as string | readonly string[];
  return typeof value === 'boolean' || typeof value === 'string' ? value : JSON.stringify(value);
};
