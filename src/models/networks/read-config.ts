/**
 * Reads a `config.json` as a typed value. An unsupported value is an error, and so is an unknown key, unless it is null or false: that is
 * how later versions of diffusers write what they added and a model does not use.
 */
import { z } from 'zod';
import { RefineError } from '../../errors.js';
import { isObject } from '../../io/json/parse-json.js';
import { cutText } from '../../io/json/json-text.js';
import { formatValue } from '../weights/safetensors/format-value.js';

type Scalar = string | number | boolean | null;

/** A key that supports these values only; a missing key means the first. */
export const fixed = (...values: readonly Scalar[]): z.ZodOptional<z.ZodUnknown> =>
  z
    .unknown()
    .refine((value) => value === undefined || values.includes(value as Scalar), {
      error: `only ${values.map((value) => JSON.stringify(value)).join(' or ')} is supported`,
    })
    .optional();

/** How often a layer is repeated. More than in any model: each becomes nodes and names before a tensor is looked up. */
export const repeats = z.int().positive().max(100);

/** @throws MODEL_CONFIG_INVALID naming both keys if a number is not a multiple of the divisor */
export const expectMultiples = (
  where: string,
  [key, numbers]: readonly [key: string, numbers: readonly number[]],
  [by, divisor]: readonly [key: string, divisor: number],
): void => {
  const odd = numbers.find((number) => number % divisor !== 0);
  if (odd === undefined) return;
  const message = `${where}: expected "${key}" to be multiples of "${by}", which is ${divisor}, found ${odd}. Download the model again.`;
  throw new RefineError('MODEL_CONFIG_INVALID', message, { context: { key, by } });
};

/** A key that does not change the results. */
export const ignored = z.unknown().optional();

/**
 * @param where file or component, for messages
 * @throws MODEL_CONFIG_INVALID, MODEL_CONFIG_UNSUPPORTED naming key and value
 */
export const readConfig = <Shape extends z.ZodRawShape>(
  shape: Shape,
  raw: unknown,
  where: string,
): z.infer<z.ZodObject<Shape>> => {
  if (!isObject(raw)) {
    throw new RefineError('MODEL_CONFIG_INVALID', `Expected a JSON object in ${where}.`);
  }
  for (const [key, value] of Object.entries(raw)) {
    const harmless = key.startsWith('_') || value === null || value === false || Object.hasOwn(shape, key);
    if (!harmless) throw unsupported(where, key, value, 'this version does not know the key');
  }
  const parsed = z.object(shape).safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const [key = ''] = issue?.path.map(String) ?? [];
  throw unsupported(where, key, raw[key], issue?.message ?? 'not supported');
};

const LONGEST_KEY = 200;

const unsupported = (where: string, key: string, value: unknown, why: string): RefineError =>
  new RefineError(
    'MODEL_CONFIG_UNSUPPORTED',
    `${where} has ${formatValue(key)}: ${value === undefined ? 'nothing' : formatValue(value)}, which is not supported: ${why}. ` +
      'Use a model of the SDXL family, or ask for this in an issue.',
    { context: { key: cutText(key, LONGEST_KEY) } },
  );
