/** Parses the value of a key, from a typed value, a CSV cell or a command-line option. */
import { RefineError, messageOf } from '../../../errors.js';
import { ROW_KEYS, type RowKeyName, type RowValues } from './row-keys.js';
import { formatValue } from './format-value.js';

/** Decimal numbers; unlike `Number`, no hexadecimal, no "Infinity", no empty text. */
export const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;

const readNumber = (text: string): number | null => (NUMBER.test(text.trim()) ? Number(text) : null);

const readObject = (text: string): object | null => {
  try {
    return JSON.parse(text) as object | null;
  } catch {
    return null;
  }
};

/** The typed value of a text under a key, or the text itself if it has none, which `parseValue` then refuses. */
export const readText = (name: RowKeyName, text: string): unknown => {
  switch (ROW_KEYS[name].kind) {
    case 'text':
      return text;
    case 'number':
      return readNumber(text) ?? text;
    case 'list': {
      const numbers = text
        .trim()
        .replace(/^\[(.*)\]$/, '$1')
        .split(',')
        .map(readNumber);
      return numbers.includes(null) ? text : numbers;
    }
    case 'object':
      return readObject(text) ?? text;
  }
};

/** `30%` as 0.3, and `0,3` with the decimal comma of many languages; null: it is neither. */
const asDecimal = (text: string): number | null => {
  const [, percent] = /^\s*(\d{1,9}(?:\.\d{1,9})?)\s*%\s*$/.exec(text) ?? [];
  if (percent !== undefined) return Number((Number(percent) / 100).toPrecision(12));
  return /^\s*[-+]?\d*,\d+\s*$/.test(text) ? readNumber(text.replace(',', '.')) : null;
};

const mendingHint = (name: RowKeyName, value: unknown): string => {
  const decimal = ROW_KEYS[name].kind === 'number' && typeof value === 'string' ? asDecimal(value) : null;
  if (decimal !== null && ROW_KEYS[name].schema.safeParse(decimal).success) return `; write ${decimal}`;
  if (typeof value === 'string' && typeof readText(name, value) !== 'string') return '; write it without quotes';
  return ROW_KEYS[name].kind === 'text' && typeof value === 'number' ? '; write it in quotes' : '';
};

/** @throws RefineError ROW_FIELD_INVALID if the key does not accept this value */
export const parseValue = <Name extends RowKeyName>(name: Name, value: unknown): NonNullable<RowValues[Name]> => {
  const { schema, expected } = ROW_KEYS[name];
  const parsed = schema.safeParse(value);
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
