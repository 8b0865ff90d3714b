import { RefineError } from '../../../errors.js';
import type { Attempt } from './collect-problems.js';
import { formatValue } from './format-value.js';
import { parseValue } from './parse-value.js';
import type { RowKeyName, RowValues } from './row-keys.js';

/** Checks each value of a row separately. @returns the valid values, and the keys of the others */
export const parseValues = (
  known: readonly (readonly [name: RowKeyName, value: unknown, written?: string])[],
  attempt: Attempt,
): { values: RowValues; refused: ReadonlySet<RowKeyName> } => {
  const values: RowValues = {};
  const refused = new Set<RowKeyName>();
  for (const [name, value, written = name] of known) {
    const parsed = attempt(() => {
      if (name in values) {
        const [, , other = name] = known.find(([earlier]) => earlier === name) ?? [];
        throw new RefineError(
          'ROW_FIELD_INVALID',
          `Expected ${name} once, found ${formatValue(other)} and ${formatValue(written)}, which both mean it: remove one`,
        );
      }
      return parseValue(name, value);
    });
    if (parsed === undefined) refused.add(name);
    else (values as Record<RowKeyName, unknown>)[name] = parsed;
  }
  return { values, refused };
};
