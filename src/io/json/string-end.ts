/** Finds the ends of strings in JSON text. Pure. */

/** The UTF-16 unit, or the byte, at an index. */
export type UnitAt = (index: number) => number;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/** Offset of the quote that ends the string at `start`; `length` if none does. */
export const stringEnd = (unitAt: UnitAt, start: number, length: number): number => {
  for (let i = start + 1; i < length; i++) {
    const unit = unitAt(i);
    if (unit === BACKSLASH) i++;
    else if (unit === QUOTE) return i;
  }
  return length;
};
