/** Makes untrusted text safe for terminals and logs. */

/** Control characters (which begin escape sequences), line separators, bidirectional controls, and lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text on one line, with control characters escaped as in JSON. */
export const escapeControls = (text: string): string =>
  text.replace(UNSAFE, (unsafe) => SHORT[unsafe] ?? `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** `escapeControls` for several lines: line ends and tabs stay. */
export const escapeControlsInLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.split('\t').map(escapeControls).join('\t'))
    .join('\n');
