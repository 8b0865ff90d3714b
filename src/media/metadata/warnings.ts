import { cutText, jsonText } from '../../io/json/json-text.js';
import { MAX_WARNING_CHARS, MAX_WARNINGS } from './limits.js';

/** Receives one sentence about metadata that could not be read. */
export type Warn = (text: string) => void;

export interface Warnings {
  warn: Warn;
  /** Distinct warnings, in order; at most `MAX_WARNINGS`. */
  list: readonly string[];
}

/** Broken metadata is not an error: the picture can still be refined. */
export const collectWarnings = (): Warnings => {
  const list: string[] = [];
  const warn = (text: string): void => {
    const short = cutText(text, MAX_WARNING_CHARS);
    if (list.length < MAX_WARNINGS && !list.includes(short)) list.push(short);
  };
  return { warn, list };
};

/** A value from the picture for a warning: short, on one line, control characters escaped. */
export const quote = (value: string): string => jsonText(value.length > 60 ? `${cutText(value, 60)}…` : value);

const LORAS_SHOWN = 5;

/** @param names of LoRAs that are in the metadata, but not in its prompts */
export const warnOfLoras = (names: readonly string[], warn: Warn): void => {
  const shown = names.slice(0, LORAS_SHOWN).map(quote).join(', ');
  if (names.length > 0) warn(`The picture was made with LoRAs, which are not applied: ${shown}.`);
};
