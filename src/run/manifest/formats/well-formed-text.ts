/** Replaces lone surrogates in rows, which come from programs that cut a text in the middle of an emoji. */
import { listSome } from '../../../errors.js';
import { isNameable } from '../../../io/files/system-path.js';
import { wellFormed } from '../../../io/json/json-text.js';
import { camelCase, SETTING_NAMES } from '../../../records/settings.js';
import type { RawRow } from './raw-row.js';
import { formatText } from '../rows/format-value.js';

type ReadRow = Exclude<RawRow, { problem: string }>;

/** Paths may have lone surrogates for bytes that are not UTF-8 (src/io/files/system-path.ts). */
const isPath = (name: string, value: unknown): boolean =>
  (name === 'image' || name === 'latents') && typeof value === 'string' && isNameable(value);

/** @returns the row with U+FFFD for each lone surrogate, and the names of the changed values */
export const replaceLoneSurrogates = (row: ReadRow): { row: ReadRow; mended: readonly string[] } => {
  if (wellFormed(row.known) === row.known && wellFormed(row.extra) === row.extra) return { row, mended: [] };
  const known = row.known.map(([name, value, ...written]): ReadRow['known'][0] => [
    name,
    isPath(name, value) ? value : wellFormed(value),
    ...written,
  ]);
  const extra = wellFormed(row.extra) as ReadRow['extra'];
  const mended = known.filter(([, value], at) => value !== row.known[at]?.[1]).map(([name]) => name as string);
  if (extra !== row.extra) {
    mended.push(
      ...Object.keys(extra).filter((name) => !Object.hasOwn(row.extra, name) || extra[name] !== row.extra[name]),
    );
  }
  return mended.length === 0 ? { row, mended } : { row: { ...row, known, extra }, mended };
};

/** As `replaceLoneSurrogates`, for settings, which may also come from options and pictures' metadata. The names are row keys. */
export const replaceSettingSurrogates = <Settings extends object>(
  settings: Settings,
): { settings: Settings; mended: readonly string[] } => {
  const whole = wellFormed(settings) as Settings;
  if (whole === settings) return { settings, mended: [] };
  const mended = Object.keys(whole).filter(
    (name) => whole[name as keyof Settings] !== settings[name as keyof Settings],
  );
  return {
    settings: whole,
    mended: mended.map((field) => SETTING_NAMES.find((name) => camelCase(name) === field) ?? field),
  };
};

/** Names listed in a warning. */
const SHOWN = 5;

export const surrogateWarning = (names: readonly string[]): string[] => {
  if (names.length === 0) return [];
  return [
    `Replaced unpaired surrogates (half of a character, such as a cut emoji) in ${listSome(names.map(formatText), SHOWN)} by U+FFFD: expected valid Unicode.`,
  ];
};
