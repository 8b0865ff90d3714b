import { RefineError } from '../../../errors.js';
import type { Attempt } from './collect-problems.js';
import { parseValue } from './parse-value.js';
import type { RowKeyName, RowValues } from './row-keys.js';

/** Checks each value of a row separately. @returns the valid values, and the keys of the others */
export const parseValues = (
  known: readonly (readonly [RowKeyName, unknown])[],
  attempt: Attempt,
): { values: RowValues; refused: ReadonlySet<RowKeyName> } => {
  const values: RowValues = {};
  const refused = new Set<RowKeyName>();
  for (const [name, value] of known) {
    const parsed = attempt(() => {
      if (name in values) throw new RefineError('ROW_FIELD_INVALID', `Expected ${name} once, found it under two names`);
      return parseValue(name, value);
    });
    if (parsed === undefined) refused.add(name);
    else (values as Record<RowKeyName, unknown>)[name] = parsed;
  }
  return { values, refused };
};
