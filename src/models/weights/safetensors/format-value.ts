import { cutText } from '../../../io/json/json-text.js';

/** A value of the file for a message: short and on one line. */
export const show = (value: unknown): string => {
  const text = (JSON.stringify(value) as string | undefined) ?? 'missing';
  return text.length > MAX_SHOWN ? `${cutText(text, MAX_SHOWN)}…` : text;
};
const MAX_SHOWN = 120;
