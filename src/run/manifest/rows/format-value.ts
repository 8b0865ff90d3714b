import { cutText, jsonText } from '../../../io/json/json-text.js';

const MAX_SHOWN = 80;

/** A row's value for an error message: JSON, shortened. */
export const formatValue = (value: unknown): string => {
  if (typeof value === 'number') return String(value);
  const shown = jsonText(typeof value === 'string' ? cutText(value, MAX_SHOWN) : value);
  const cut = typeof value === 'string' ? value.length > MAX_SHOWN : shown.length > MAX_SHOWN;
  return cut ? `${cutText(shown, MAX_SHOWN)}…` : shown;
};

/** A row's text for a message on a terminal or in a log: shortened, without control characters. */
export const formatText = (text: string): string => {
  const shown = cutText(text, MAX_SHOWN).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
  return text.length > MAX_SHOWN ? `${shown}…` : shown;
};
