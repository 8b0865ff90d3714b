/** Reads a `scheduler_config.json` key by key. Keys have diffusers' names. */
import { RefineError } from '../../errors.js';

/** One key: its default, and its parser. */
export interface Field<T> {
  readonly fallback: T;
  /** Allowed values, for messages. */
  readonly expected: string;
  /** The value, or undefined when it is not supported. */
  readonly read: (value: unknown) => T | undefined;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a table of fields of any type; ConfigOf has the type of each
export type Fields = Readonly<Record<string, Field<any>>>;
export type ConfigOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };
export type ConfigValues = Readonly<Record<string, unknown>>;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export const number = (fallback: number): Field<number> => ({
  fallback,
  expected: 'a number',
  read: (value) => (isNumber(value) ? value : undefined),
});

export const wholeNumber = (fallback: number, min: number, max = Infinity): Field<number> => ({
  fallback,
  expected: `an integer ${max === Infinity ? `of at least ${min}` : `${min} to ${max}`}`,
  read: (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined,
});

/** diffusers also writes `null` for false. */
export const flag = (fallback: boolean): Field<boolean> => ({
  fallback,
  expected: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : value === null ? false : undefined),
});

export const oneOf = <T extends string>(choices: readonly T[], fallback: NoInfer<T>): Field<T> => ({
  fallback,
  expected: choices.map((choice) => JSON.stringify(choice)).join(' or '),
  read: (value) => choices.find((choice) => choice === value),
});

/** A key with only one supported value. */
export const only = <T extends string | number | boolean | null>(value: T): Field<T> => ({
  fallback: value,
  expected: JSON.stringify(value),
  read: (raw) => (raw === value ? value : undefined),
});

/** An absent lower limit: null, or -Infinity as Python writes it. */
export const unlimited: Field<null> = {
  fallback: null,
  expected: 'null or -Infinity',
  read: (value) => (value === null || value === -Infinity ? null : undefined),
};

/** The key with a different default. */
export const withDefault = <T>(field: Field<T>, fallback: NoInfer<T>): Field<T> => ({ ...field, fallback });

export const optional = <T>(field: Omit<Field<T>, 'fallback'>): Field<T | null> => ({
  fallback: null,
  expected: `${field.expected} or null`,
  read: (value) => (value === null ? null : field.read(value)),
});

export const numbers: Omit<Field<readonly number[]>, 'fallback'> = {
  expected: 'a list of numbers',
  read: (value) => (Array.isArray(value) && value.every(isNumber) ? value : undefined),
};

/** @throws MODEL_CONFIG_UNSUPPORTED naming key and value */
export const readFields = <F extends Fields>(fields: F, values: ConfigValues): ConfigOf<F> =>
  Object.fromEntries(
    Object.entries(fields).map(([key, field]) => {
      if (!Object.hasOwn(values, key)) return [key, field.fallback];
      const value: unknown = field.read(values[key]);
      if (value === undefined) throw unsupported(key, values[key], `expected ${field.expected}`);
      return [key, value];
    }),
  ) as ConfigOf<F>;

export const unsupported = (key: string, value: unknown, why: string): RefineError =>
  new RefineError(
    'MODEL_CONFIG_UNSUPPORTED',
    `The scheduler's configuration has ${shorten(key)}: ${shorten(value)}, which is not supported: ${why}. ` +
      'docs/schedulers.md lists supported values; change scheduler_config.json, or choose another scheduler.',
    { context: { key: key.slice(0, 80) } },
  );

const shorten = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
};
