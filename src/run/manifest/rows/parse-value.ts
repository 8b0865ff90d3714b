/** Parses the value of a key, from a typed value, a CSV cell or a command-line option. */
import { RefineError, messageOf } from '../../../errors.js';
import { parseJsonObject } from '../../../io/json/parse-json.js';
import { ROW_JSON } from '../formats/raw-row.js';
import { ROW_KEYS, type RowKeyName, type RowValues } from './row-keys.js';
import { formatValue } from './format-value.js';

/** Decimal numbers; unlike `Number`, no hexadecimal, no "Infinity", no empty text. */
export const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;

const readNumber = (text: string): number | null => (NUMBER.test(text.trim()) ? Number(text) : null);

/** Longer texts are no lists: one of 1001 sigmas has 20 kB, and tens of millions of numbers would take a gigabyte. */
const LONGEST_LIST = 100_000;

const readList = (text: string): number[] | null => {
  if (text.length > LONGEST_LIST) return null;
  const numbers = text
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .split(',')
    .map(readNumber);
  return numbers.includes(null) ? null : (numbers as number[]);
};

const readObject = (text: string): { object: object } | { fault: string } => {
  try {
    return { object: parseJsonObject(text, ROW_JSON, (what) => new Error(what)) };
  } catch (thrown) {
    return { fault: messageOf(thrown) };
  }
};

/** A seed as text, as programs write it whose seeds are larger than JavaScript's integers. */
const isSeed = (name: RowKeyName, value: unknown): value is string =>
  typeof value === 'string' && name.endsWith('seed') && /^\s*[-+]?\d+\s*$/.test(value);

/** The typed value of a text under a key, or the text itself if it has none, which `parseValue` then refuses. */
export const readText = (name: RowKeyName, text: string): unknown => {
  switch (ROW_KEYS[name].kind) {
    case 'text':
      return text;
    case 'number':
      /* A larger seed stays text, so that the message has its digits. */
      return isSeed(name, text) && !Number.isSafeInteger(Number(text)) ? text : (readNumber(text) ?? text);
    case 'list':
      return readList(text) ?? text;
    case 'object': {
      const read = readObject(text);
      return 'object' in read ? read.object : text;
    }
  }
};

/** `30%` as 0.3, and `0,3` with the decimal comma of many languages; null: it is neither. */
const asDecimal = (text: string): number | null => {
  const [, percent] = /^\s*(\d{1,9}(?:\.\d{1,9})?)\s*%\s*$/.exec(text) ?? [];
  if (percent !== undefined) return Number((Number(percent) / 100).toPrecision(12));
  return /^\s*[-+]?\d*,\d+\s*$/.test(text) ? readNumber(text.replace(',', '.')) : null;
};

/** How to write a refused value, to follow the message; '': nothing is known. */
export const mendingHint = (name: RowKeyName, value: unknown): string => {
  const { kind, schema } = ROW_KEYS[name];
  const decimal = kind === 'number' && typeof value === 'string' ? asDecimal(value) : null;
  if (decimal !== null && schema.safeParse(decimal).success) return `; write ${decimal}`;
  const object = kind === 'object' && typeof value === 'string' ? readObject(value) : null;
  if (object !== null && 'fault' in object) return `: it ${object.fault}`;
  if (typeof value === 'string' && typeof readText(name, value) !== 'string') return '; write it without quotes';
  return kind === 'text' && (typeof value === 'number' || typeof value === 'bigint') ? '; write it in quotes' : '';
};

/** @throws RefineError ROW_FIELD_INVALID if the key does not accept this value */
export const parseValue = <Name extends RowKeyName>(name: Name, value: unknown): NonNullable<RowValues[Name]> => {
  const { schema, expected } = ROW_KEYS[name];
  const parsed = schema.safeParse(isSeed(name, value) ? readText(name, value) : value);
  if (parsed.success) return parsed.data as NonNullable<RowValues[Name]>;
  throw new RefineError(
    'ROW_FIELD_INVALID',
    `Expected ${name} to be ${expected}, got ${formatValue(value)}${mendingHint(name, value)}`,
  );
};

/** Command-line spelling of a key: `--guidance-scale`. */
export const optionFlag = (name: RowKeyName): string => `--${name.replaceAll('_', '-')}`;

/**
 * Parses a command-line option that is a row key.
 * @throws RefineError USAGE_OPTION_INVALID
 */
export const parseOption = <Name extends RowKeyName>(name: Name, text: string): NonNullable<RowValues[Name]> => {
  try {
    return parseValue(name, readText(name, text));
  } catch (error) {
    throw new RefineError('USAGE_OPTION_INVALID', messageOf(error).replace(name, optionFlag(name)), { cause: error });
  }
};
