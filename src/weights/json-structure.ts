/** Looks at JSON text before a parser does: how much it would build, how deep, and how many keys were written. Pure. */

export interface JsonStructure {
  /** Braces, brackets, colons and commas outside strings: what a parser turns into objects. */
  tokens: number;
  /** Levels of nesting; an empty object has 1. */
  depth: number;
  /** Keys written in the outermost object and in the objects directly inside it. */
  keys: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/**
 * Counts in one pass without building anything; the numbers mean nothing if the text is not JSON.
 * Works on UTF-8 bytes: no byte of a longer character is an ASCII byte.
 */
export const scanJson = (json: Uint8Array): JsonStructure => {
  let tokens = 0;
  let depth = 0;
  let keys = 0;
  let level = 0;
  let inString = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === COMMA) {
      tokens++;
    } else if (byte === COLON) {
      tokens++;
      if (level <= 2) keys++;
    } else if (OPENING.has(byte)) {
      tokens++;
      depth = Math.max(depth, ++level);
    } else if (CLOSING.has(byte)) {
      tokens++;
      level--;
    }
  }
  return { tokens, depth, keys };
};
