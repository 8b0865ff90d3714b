/** The keys of a request's rows: those of `batch`, without what only a manifest has. */
import { ROW_KEYS, rowKeyNames, rowKeyOf, type RowKeyName } from '../../../run/manifest/rows/row-keys.js';

/** Files of this machine are not a client's to name. */
const REFUSED: readonly RowKeyName[] = ['latents', 'output'];
/** A column of its own kind in many tables, and nothing of an answer. */
const SKIPPED: readonly RowKeyName[] = ['id'];

/** Keys that a row of a request may have. */
export const requestKeyNames = (): RowKeyName[] =>
  rowKeyNames('batch').filter((name) => !REFUSED.includes(name) && !SKIPPED.includes(name));

/** The key that a column means, one that is refused among them; undefined: the column is skipped. */
export const requestKeyOf = (name: string): RowKeyName | undefined => {
  const key = rowKeyOf(name);
  return key === undefined || SKIPPED.includes(key) || ROW_KEYS[key].only === 'generate' ? undefined : key;
};

export const isRefused = (key: RowKeyName): boolean => REFUSED.includes(key);
