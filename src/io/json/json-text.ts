/** JSON for other programs to read, in well-formed text. */

const LONE_HALF = /\\(?:\\|u(d[89a-f][0-9a-f]{2}))/g;

/**
 * A value as JSON. Half a character (an unpaired surrogate) is an escape that many readers stop at, jq and Python's UTF-8 among them:
 * U+FFFD stands for it. Whole characters are never escaped by `JSON.stringify`.
 */
export const jsonText = (value: unknown): string => {
  /* JSON has no `undefined`, though its type says so. */
  const text = (JSON.stringify(value) as string | undefined) ?? 'undefined';
  return text.includes('\\ud')
    ? text.replace(LONE_HALF, (escape, half?: string) => (half === undefined ? escape : '\ufffd'))
    : text;
};

/** The beginning of a text, of at most `length` UTF-16 code units, that does not end in half a character. */
export const cutText = (text: string, length: number): string => {
  const cut = text.slice(0, length);
  return cut.length < text.length && !cut.isWellFormed() && text.isWellFormed() ? cut.slice(0, -1) : cut;
};

/** A value of parsed JSON with U+FFFD for each half of a character, in keys too; the value itself where there is none. */
export const wellFormed = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(wellFormed);
    return items.every((item, at) => item === value[at]) ? value : items;
  }
  const entries = Object.entries(value) as [string, unknown][];
  const mended = entries.map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)] as const);
  const isSame = mended.every(([key, inner], at) => key === entries[at]?.[0] && inner === entries[at][1]);
  return isSame ? value : Object.fromEntries(mended);
};
