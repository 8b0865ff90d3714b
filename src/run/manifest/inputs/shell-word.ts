/** Words of command lines that messages suggest. */
import { hideUriSecrets } from '../../../records/uri-secrets.js';

/** Longer words would hide the command. */
const MAX_SHOWN = 80;

/** A word, quoted for a POSIX shell where it needs that: nothing in it is expanded or run. */
export const quotedWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** `quotedWord` for a message: without secrets of URIs; '…' for a long word. */
export const shellWord = (word: string): string => {
  const shown = hideUriSecrets(word);
  return shown.length > MAX_SHOWN ? "'…'" : quotedWord(shown);
};
