/** The options of a command as keys of configuration files and environment variables, under one spelling. */
import type { Command, Option } from 'commander';
import { z } from 'zod';
import { RefineError } from '../../../errors.js';
import { nearestKey } from '../../../run/manifest/rows/nearest-key.js';
import { readText } from '../../../run/manifest/rows/parse-value.js';
import { ROW_KEYS, rowKeyOf } from '../../../run/manifest/rows/row-keys.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { isOldName } from './renamed-settings.js';
import type { SettingValue } from './setting-value.js';

export interface ConfigKey {
  /** The option without its dashes, `_` between words: `guidance_scale`, which is how rows spell it too. */
  name: string;
  /** `--guidance-scale` */
  flag: string;
  /** `guidanceScale`: where commander keeps it. */
  attribute: string;
  schema: z.ZodType<SettingValue>;
  /** What `schema` accepts, as it follows "Expected … to be". */
  expected: string;
  /** The value that a text stands for, or the text itself when it stands for none: checking says so. */
  read: (text: string) => unknown;
  help: string;
  /** null: none, or not known before the run. */
  default: SettingValue | null;
  /** Whether a relative value means a place: always, never, unless nothing is there, since it may be the id of a model, or behind a name and `=`. */
  isPath: boolean | 'or id' | 'named';
  /** Given once for each of its values; texts name several with commas between them. */
  isList: boolean;
  /** An old name, which is still accepted (`renamed-settings.ts`). */
  isOld: boolean;
}

/** Options about sources and display of settings, and `--output`, which names one file of one call. */
const NOT_SETTINGS = ['config', 'printConfig', 'color', 'output'];

/** What `<…>` of an option says when it is a place on this machine. */
const PLACE = /<(?:folder|file)(?:\|(?:folder|file|id))*(?:\[:weight\])?>/;

const isPlace = (flags: string): ConfigKey['isPath'] =>
  flags.includes('<name=file>') ? 'named' : PLACE.test(flags) && (flags.includes('|id') ? 'or id' : true);

const SWITCH: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

/** @returns the keys in the order of the command's help */
export const configKeys = (command: Command): ConfigKey[] => {
  const options = command.options.filter((option) => !NOT_SETTINGS.includes(option.attributeName()));
  const positive = options.filter(({ negate }) => !negate).map((option) => option.attributeName());
  return options
    .filter((option) => !option.negate || !positive.includes(option.attributeName()))
    .map((option) => keyOf(option));
};

const keyOf = (option: Option): ConfigKey => {
  const name = option.name().replace(/^no-/, '').replaceAll('-', '_');
  const shared = {
    name,
    flag: option.long ?? option.flags,
    attribute: option.attributeName(),
    help: option.description,
    isPath: isPlace(option.flags),
    isList: option.parseArg !== undefined,
    isOld: isOldName(name),
  };
  const row = rowKeyOf(name);
  if (row !== undefined) {
    const { schema, expected, default: value, help } = ROW_KEYS[row];
    /* Keys of rows alone, which take objects, are no options. */
    const setting = { schema: schema as z.ZodType<SettingValue>, default: value as SettingValue | null };
    return { ...shared, ...setting, expected, help, read: (text) => readText(row, text) };
  }
  if (option.isBoolean() || option.negate) {
    const read = (text: string): unknown => SWITCH[text.toLowerCase()] ?? text;
    return { ...shared, schema: z.boolean(), expected: 'true or false', default: option.negate, read };
  }
  if (shared.isList) {
    const texts = z.string().min(1);
    const schema = z.union([texts, z.array(texts).readonly()]);
    return {
      ...shared,
      schema,
      expected: 'text, or a list of texts',
      default: null,
      read: (given) => given.split(','),
    };
  }
  const text = option.defaultValue as string | undefined;
  if (option.flags.endsWith('<n>')) {
    const read = (given: string): unknown => (/^-?\d+$/.test(given) ? Number(given) : given);
    const value = text === undefined ? null : Number(text);
    return { ...shared, schema: z.int(), expected: 'a whole number', default: value, read };
  }
  return {
    ...shared,
    schema: z.string().min(1),
    expected: 'text that is not empty',
    default: text ?? null,
    read: (given) => given,
  };
};

/** The setting that a wrong name was meant to be, or null: another spelling of a row key, or a slip. */
export const nearestSetting = (name: string, keys: readonly ConfigKey[]): string | null => {
  const names = keys.filter(({ isOld }) => !isOld).map((key) => key.name);
  const near = rowKeyOf(name) ?? nearestKey(name, names);
  return near !== null && names.includes(near) ? near : null;
};

/**
 * @param label who says it, as it follows "Expected": an option, a variable, a key of a file
 * @throws RefineError USAGE_OPTION_INVALID when the key doesn't take this value
 */
export const checkSetting = (key: ConfigKey, value: unknown, label: string): SettingValue => {
  const parsed = key.schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected ${label} to be ${key.expected}, got ${formatValue(value)}${mending(key, value)}`,
  );
};

const mending = ({ schema, read }: ConfigKey, value: unknown): string => {
  if (typeof value === 'string' && schema.safeParse(read(value)).success) return '; write it without quotes';
  return typeof value === 'number' && schema.safeParse(String(value)).success ? '; write it in quotes' : '';
};
