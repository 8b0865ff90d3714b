/** The keys of a request's rows: those of `batch`, except those for manifests only. */
import { meantKey } from '../../../run/manifest/rows/foreign-names.js';
import { ROW_KEYS, rowKeyNames, type RowKeyName } from '../../../run/manifest/rows/row-keys.js';

/** Clients must not name files of this machine. */
const REFUSED: readonly RowKeyName[] = ['latents', 'output'];
/** Many tables have such a column, and the response does not contain it. */
const SKIPPED: readonly RowKeyName[] = ['id'];

/** Keys that a row of a request may have. */
export const requestKeyNames = (): RowKeyName[] =>
  rowKeyNames('batch').filter((name) => !REFUSED.includes(name) && !SKIPPED.includes(name));

/** The key of a column, which may be a refused one; undefined: the column is skipped. */
export const requestKeyOf = (name: string): RowKeyName | undefined => {
  const key = meantKey(name);
  return key === undefined || SKIPPED.includes(key) || ROW_KEYS[key].only === 'generate' ? undefined : key;
};

export const isRefused = (key: RowKeyName): boolean => REFUSED.includes(key);
