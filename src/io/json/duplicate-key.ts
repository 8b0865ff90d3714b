/** Finds a key that an object in JSON text has twice, to be named in a message. Pure. */
import { cutText, jsonText } from './json-text.js';
import { stringEnd } from './string-end.js';

const MAX_SHOWN = 60;

/**
 * The first duplicate in the outermost object and the objects directly inside it, in quotes and shortened.
 * @param text JSON that has one
 */
export const duplicateKey = (text: string): string => {
  /** Keys so far of the object at each level. */
  const seen: Set<string>[] = [];
  let level = 0;
  let last = '""';
  for (let i = 0; i < text.length; i++) {
    switch (text.charAt(i)) {
      case '{':
      case '[':
        if (++level <= 2) seen[level] = new Set();
        break;
      case '}':
      case ']':
        level--;
        break;
      case ':': {
        if (level > 2) break;
        /* The same key may be written in two ways: "a" is "\u0061". */
        const key = JSON.parse(last) as string;
        if (seen[level]?.has(key) === true) return jsonText(cutText(key, MAX_SHOWN));
        seen[level]?.add(key);
        break;
      }
      case '"': {
        const end = stringEnd((at) => text.charCodeAt(at), i, text.length);
        last = text.slice(i, end + 1);
        i = end;
        break;
      }
      default:
    }
  }
  return last;
};
