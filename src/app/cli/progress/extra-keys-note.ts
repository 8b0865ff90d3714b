/** The note on keys of rows that are no settings. */
import { listSome } from '../../../errors.js';
import { formatText } from '../../../run/manifest/rows/format-value.js';

const NAMED = 5;

/** @returns '' without such keys */
export const extraKeysNote = (keys: readonly string[]): string => {
  if (keys.length === 0) return '';
  const [what, are, were] = keys.length === 1 ? ['key', 'is no setting', 'is'] : ['keys', 'are no settings', 'are'];
  return `Note: ${keys.length} ${what} of the rows ${are} and ${were} only copied to "extra" of the results: ${listSome(keys.map(formatText), NAMED)}\n`;
};
