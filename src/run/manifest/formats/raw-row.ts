/** What the readers of manifests hand to the parser of rows. */
import { RefineError } from '../../../errors.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { keysWithSynonyms, ROW_KEYS, rowKeyOf, spellingsOf, type RowKeyName } from '../rows/row-keys.js';
import { nearestKey } from '../rows/nearest-key.js';
import { formatValue } from '../rows/format-value.js';

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

/** Keys of a row, and columns of a table: ours are some dozens, and the others travel with the row. */
export const MAX_ROW_KEYS = 10_000;

/** A place in an input, for messages. */
export const placeOf = (inputName: string, line: number): string =>
  `${inputName === '-' ? 'standard input' : inputName}, line ${line}`;

/**
 * The key that a name in a manifest means, or null for an unknown key, which is kept. Columns of sizes and counts are
 * common, so rows of `batch` may have them; a picture that `generate` does not look at is refused.
 * @throws RefineError MANIFEST_KEY_UNKNOWN when it looks like a slip: better no run than one that ignores a setting
 */
export const matchKey = (name: string, inputName: string, line: number, command: RowCommand): RowKeyName | null => {
  const known = rowKeyOf(name);
  const owner = known === undefined ? null : ROW_KEYS[known].only;
  if (known !== undefined && (owner === null || owner === command)) return known;
  if (owner === 'generate') return null;
  if (owner === 'batch') {
    throw new RefineError(
      'MANIFEST_KEY_UNKNOWN',
      `Expected keys of generate, found ${formatValue(name)} (${placeOf(inputName, line)}), a key of batch: remove it, or run batch`,
      { context: { input: inputName, line, key: name } },
    );
  }
  const near = nearestKey(name, spellingsOf(command));
  if (near === null) return null;
  throw new RefineError(
    'MANIFEST_KEY_UNKNOWN',
    `Unknown key ${formatValue(name)} (${placeOf(inputName, line)}): did you mean "${near}"? Correct it, or rename a key of your own`,
    { context: { input: inputName, line, key: name, nearest: near } },
  );
};

/**
 * Gives keys that a row lacks what stands there under a synonym.
 * @param known gets them
 * @returns what of `extra` travels along
 */
export const applySynonyms = (
  known: [RowKeyName, unknown][],
  extra: readonly [string, unknown][],
  command: RowCommand,
): readonly [string, unknown][] => {
  const taken = keysWithSynonyms(command).flatMap((key) => {
    if (known.some(([name]) => name === key)) return [];
    const synonym = ROW_KEYS[key].synonyms.find((name) => extra.some(([own, value]) => own === name && value !== null));
    return synonym === undefined ? [] : [[key, synonym] as const];
  });
  if (taken.length === 0) return extra;
  for (const [key, synonym] of taken) known.push([key, extra.find(([name]) => name === synonym)?.[1]]);
  return extra.filter(([name]) => !taken.some(([, synonym]) => synonym === name));
};
