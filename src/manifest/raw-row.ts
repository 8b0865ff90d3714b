/** What the readers of manifests hand to the parser of rows. */
import { RefineError } from '../errors.js';
import { ROW_KEY_SPELLINGS, rowKeyOf, type RowKeyName } from './row-keys.js';
import { nearestKey } from './nearest-key.js';
import { showValue } from './show-value.js';

/** A row as read: values under our keys, absent ones left out, and the rest; or why it could not be read. */
export type RawRow =
  | {
      /** null where the input has no lines. */
      line: number | null;
      known: [RowKeyName, unknown][];
      extra: Record<string, unknown>;
      /** What its output is called if not after its source: a `/`-separated path without extension. */
      ownName?: string;
    }
  | { line: number; problem: string };

/** A place in an input, for messages. */
export const placeOf = (inputName: string, line: number): string =>
  `${inputName === '-' ? 'standard input' : inputName}, line ${line}`;

/**
 * The key that a name in a manifest means, or null when it is nobody's and travels along.
 * @throws RefineError MANIFEST_KEY_UNKNOWN when it looks like a slip: better no run than one that ignores a setting
 */
export const matchKey = (name: string, inputName: string, line: number): RowKeyName | null => {
  const known = rowKeyOf(name);
  if (known !== undefined) return known;
  const near = nearestKey(name, ROW_KEY_SPELLINGS);
  if (near === null) return null;
  throw new RefineError(
    'MANIFEST_KEY_UNKNOWN',
    `Unknown key ${showValue(name)} (${placeOf(inputName, line)}): did you mean "${near}"? Correct it, or rename it if it is your own`,
    { context: { input: inputName, line, key: name, nearest: near } },
  );
};
