/** The options of a command as keys of configuration files and environment variables. */
import type { Command, Option } from 'commander';
import { z } from 'zod';
import { RefineError } from '../../../errors.js';
import { relatedKey } from '../../../run/manifest/rows/foreign-names.js';
import { nearestKey } from '../../../run/manifest/rows/nearest-key.js';
import { mendingHint, readText } from '../../../run/manifest/rows/parse-value.js';
import { ROW_KEYS, rowKeyOf } from '../../../run/manifest/rows/row-keys.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { expectOnThisMachine } from '../options/output-place.js';
import { isOldName } from './renamed-settings.js';
import type { SettingValue } from './setting-value.js';

export interface ConfigKey {
  /** The option without its dashes and with `_` between words, as in rows: `guidance_scale`. */
  name: string;
  /** `--guidance-scale` */
  flag: string;
  /** Commander's name of it: `guidanceScale`. */
  attribute: string;
  schema: z.ZodType<SettingValue>;
  /** Description of valid values, to follow "Expected … to be". */
  expected: string;
  /** Parses a text into a value; an invalid text stays as it is, and checking it fails. */
  read: (text: string) => unknown;
  help: string;
  /** null: no default, or not known before the run. */
  default: SettingValue | null;
  /** Whether a value is a path: always (true), never (false), only if it exists, else a model's id ('or id'), or after `<name>=` ('named'). */
  isPath: boolean | 'or id' | 'named';
  /** The option is repeated for each value; text has commas between values. */
  isList: boolean;
  /** An old name that is still accepted (`renamed-settings.ts`). */
  isOld: boolean;
}

/** Options about sources and display of settings, and `--output`, which names one file of one call. */
const NOT_SETTINGS = ['config', 'printConfig', 'color', 'output'];

/** Arguments of options that are paths on this machine. */
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
    /* The cast is safe: row keys whose values are objects are not options. */
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
      read: (value) => value.split(','),
    };
  }
  const text = option.defaultValue as string | undefined;
  if (option.flags.endsWith('<n>')) {
    const read = (value: string): unknown =>
      /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : value;
    const number = text === undefined ? null : Number(text);
    return { ...shared, schema: z.int(), expected: 'an integer', default: number, read };
  }
  return {
    ...shared,
    schema: z.string().min(1),
    expected: 'text that is not empty',
    default: text ?? null,
    read: (value) => value,
  };
};

/** The known setting for an unknown name: another spelling of a row key, another program's name, or the nearest name; null: none is near. */
export const nearestSetting = (name: string, keys: readonly ConfigKey[]): string | null => {
  const names = keys.filter(({ isOld }) => !isOld).map((key) => key.name);
  const near = relatedKey(name) ?? nearestKey(name, names);
  return near !== null && names.includes(near) ? near : null;
};

/**
 * @param label the option, variable or key of a file, to follow "Expected"
 * @throws RefineError USAGE_OPTION_INVALID for a value that is not valid for the key
 */
export const checkSetting = (key: ConfigKey, value: unknown, label: string): SettingValue => {
  const parsed = key.schema.safeParse(value);
  if (parsed.success) {
    expectPath(key, parsed.data, label);
    return parsed.data;
  }
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Expected ${label} to be ${key.expected}, got ${formatValue(value)}${mending(key, value)}.`,
  );
};

/** Outputs may be in object storage, and models have ids; both are checked where they are used. */
const expectPath = ({ isPath, name }: ConfigKey, value: SettingValue, label: string): void => {
  if (isPath !== true && isPath !== 'named') return;
  if (name === 'output_dir' || name === 'predictions_csv') return;
  for (const text of [value].flat().map(String))
    expectOnThisMachine(label, isPath === 'named' ? text.replace(/^[^=/]*=/, '') : text, 'Download it first.');
};

const mending = ({ name, schema, read }: ConfigKey, value: unknown): string => {
  const row = rowKeyOf(name);
  if (row !== undefined) return mendingHint(row, value);
  if (typeof value === 'string' && /^-?\d{16,}$/.test(value)) return `; the largest is ${Number.MAX_SAFE_INTEGER}`;
  if (typeof value === 'string' && schema.safeParse(read(value)).success) return '; write it without quotes';
  return typeof value === 'number' && schema.safeParse(String(value)).success ? '; write it in quotes' : '';
};
