import { cutText, jsonText } from '../json/json-text.js';

const MAX_SHOWN = 80;

/** A value of a row as an error message shows it: as JSON, and short. */
export const showValue = (value: unknown): string => {
  if (typeof value === 'number') return String(value);
  const shown = jsonText(typeof value === 'string' ? cutText(value, MAX_SHOWN) : value);
  const cut = typeof value === 'string' ? value.length > MAX_SHOWN : shown.length > MAX_SHOWN;
  return cut ? `${cutText(shown, MAX_SHOWN)}…` : shown;
};
