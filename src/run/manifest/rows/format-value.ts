import { cutText, jsonText } from '../../../io/json/json-text.js';
import { hideUriSecrets } from '../../../records/uri-secrets.js';

const MAX_SHOWN = 80;
/** Read for secrets: one that is cut would not be recognized. */
const MAX_READ = 4096;

/** A row's value for an error message: JSON, shortened, without secrets of URIs. */
export const formatValue = (value: unknown): string => {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = typeof value === 'string' ? hideUriSecrets(cutText(value, MAX_READ)) : null;
  const shown = text === null ? hideUriSecrets(jsonText(value)) : jsonText(cutText(text, MAX_SHOWN));
  const isCut = (text ?? shown).length > MAX_SHOWN;
  return isCut ? `${cutText(shown, MAX_SHOWN)}…` : shown;
};

/** A row's text for a message on a terminal or in a log: shortened, without control characters. */
export const formatText = (text: string): string => {
  const shown = cutText(text, MAX_SHOWN).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
  return text.length > MAX_SHOWN ? `${shown}…` : shown;
};
