/** Foreign text, as a terminal or a log may be given it. */

/** Controls (escape sequences begin with one), line separators, what reorders text, and halves of characters. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text on one line that only shows: what would move the cursor, colour, or reorder is spelled as JSON spells it. */
export const escapeControls = (text: string): string =>
  text.replace(UNSAFE, (unsafe) => SHORT[unsafe] ?? `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The same of several lines, whose ends and tabs stay. */
export const escapeControlsInLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.split('\t').map(escapeControls).join('\t'))
    .join('\n');
