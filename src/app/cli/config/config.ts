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
  /** null: not set, or not known before the run. */
  value: SettingValue | null;
  source: SettingSource;
  /** Source `config`: absolute path of the file. */
  file?: string;
}

export interface MergedConfig<Flags> {
  /** Every setting as commander would give it. */
  flags: Flags;
  /** Absolute path of the configuration file, named or found; null: no file. */
  file: string | null;
  /** Absolute path of the user's own configuration file; null: no file. */
  userFile: string | null;
  /** By key name, in the order of the command's help. */
  settings: Readonly<Record<string, Setting>>;
}

/** Sources of settings besides the command line, and the stream for notes. */
type Places = Pick<ProcessContext, 'env' | 'cwd'> & { stderr: Pick<ProcessContext['stderr'], 'write'> };

/**
 * @param command parsed, so that it knows which options the command line gave
 * @throws RefineError USAGE_OPTION_INVALID | USAGE_CONFLICT, naming the invalid option, variable or file
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
  const fromFile = (file: ConfigFile | null): SourceSettings[] =>
    file === null ? [] : [{ values: file.settings, spelling: inFile(file.path), source: 'config', file: file.path }];
  const given: SourceSettings[] = [
    { values: givenOptions(command, keys, flags), spelling: AS_OPTION, source: 'option' },
    { values: environment, spelling: AS_VARIABLE, source: 'env' },
    ...fromFile(nearest),
    ...fromFile(own),
  ];
  const sources = given.map((source) => ({
    ...source,
    values: withNewNames(source.values, source.spelling, (note) => notes.push(note)),
  }));
  const settings: Record<string, Setting> = {};
  for (const { name, attribute, default: defaultValue, isList, isOld } of keys) {
    if (isOld) {
      Reflect.deleteProperty(flags, attribute);
      continue;
    }
    /* The first source wins. */
    const found = sources.find(({ values }) => values.has(name));
    const value = found?.values.get(name) ?? defaultValue;
    const { source, file } = found ?? { source: 'default' };
    settings[name] = { value, source, ...(file === undefined ? {} : { file }) };
    if (found !== undefined) flags[attribute] = asFlag(value, isList);
  }
  if (flags['quiet'] !== true) for (const note of notes) context.stderr.write(`Note: ${escapeControls(note)}\n`);
  /* So that `main` prints later errors as JSON too. */
  if (flags['json'] === true) command.setOptionValue('json', true);
  return { flags: flags as Flags, file: nearest?.path ?? null, userFile: own?.path ?? null, settings };
};

/**
 * The output of `--print-config`: JSON, one setting in each line.
 * @param modelDefaults replace defaults
 */
export const configText = (
  { file: configFile, userFile, settings }: MergedConfig<object>,
  modelDefaults: Readonly<Record<string, unknown>>,
): string => {
  const lines = Object.entries(settings).map(([name, { value, source, file }]) => {
    const ofModel = source === 'default' && Object.hasOwn(modelDefaults, name) ? modelDefaults[name] : undefined;
    const [shown, from] = ofModel === undefined ? [value, source] : [ofModel, 'model'];
    const place = file === undefined ? '' : `, "file": ${jsonText(file)}`;
    return `    "${name}": { "value": ${jsonText(shown)}, "source": "${from}"${place} }`;
  });
  const files = `"config_file": ${jsonText(configFile)},\n  "user_config_file": ${jsonText(userFile)}`;
  return `{\n  ${files},\n  "settings": {\n${lines.join(',\n')}\n  }\n}\n`;
};

/** Names of other commands' settings, which the same file and environment may contain. */
const settingsOfOtherCommands = (command: Command): ReadonlySet<string> =>
  new Set((command.parent?.commands ?? []).flatMap((other) => configKeys(other).map(({ name }) => name)));

/** @returns the named or found file, which has priority, and the user's own */
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

/** The settings of one source. */
interface SourceSettings {
  /** By key name. */
  values: ReadonlyMap<string, SettingValue>;
  spelling: Spelling;
  source: Exclude<SettingSource, 'default'>;
  /** Source `config`: absolute path. */
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

/** @param given text, or true or false for a switch */
const checkFlag = (key: ConfigKey, given: unknown): SettingValue =>
  checkSetting(key, typeof given === 'string' ? key.read(given) : given, key.flag);

const asFlag = (value: SettingValue | null, isList: boolean): string | boolean | readonly string[] => {
  if (isList) return value as string | readonly string[];
  return typeof value === 'boolean' || typeof value === 'string' ? value : JSON.stringify(value);
};
