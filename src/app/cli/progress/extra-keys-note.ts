/** The note on keys of rows that are no settings. */
import { listSome } from '../../../errors.js';
import { count } from './summary-text.js';
import { formatText } from '../../../run/manifest/rows/format-value.js';

const NAMED = 5;

/** @returns '' without such keys */
export const extraKeysNote = (keys: readonly string[]): string => {
  if (keys.length === 0) return '';
  const are = keys.length === 1 ? 'is no setting and is' : 'are no settings and are';
  return `Note: ${count(keys.length, 'key')} of the rows ${are} only copied to "extra" of the results: ${listSome(keys.map(formatText), NAMED)}\n`;
};
