import { cutText } from '../../../io/json/json-text.js';

/** Formats a value from a file for a message: short and on one line. */
export const formatValue = (value: unknown): string => {
  const text = (JSON.stringify(value) as string | undefined) ?? 'missing';
  return text.length > MAX_SHOWN ? `${cutText(text, MAX_SHOWN)}…` : text;
};
const MAX_SHOWN = 120;

/** Formats a tensor's shape for a message: `[1, 4, 64, 64]`. */
export const showShape = (shape: readonly number[]): string =>
  `[${shape.slice(0, MAX_SIDES).join(', ')}${shape.length > MAX_SIDES ? ', …' : ''}]`;
const MAX_SIDES = 8;

/** Formats the first names of a file for a message, without quotes. */
export const showNames = (names: readonly string[], most = MAX_NAMES): string =>
  [...names.slice(0, most).map(showName), ...(names.length > most ? ['…'] : [])].join(', ');
const MAX_NAMES = 8;

export const showName = (name: string): string => formatValue(name).replace(/^"|"(?=…?$)/g, '');
