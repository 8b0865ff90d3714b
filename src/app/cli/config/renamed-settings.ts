/** Renamed settings. Options, variables and files accept the old name too, with a note. */
import { RefineError } from '../../../errors.js';
import { jsonText } from '../../../io/json/json-text.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import type { SettingValue } from './setting-value.js';
import { variableOf } from './variable-name.js';

interface Renamed {
  /** The new name. */
  to: string;
  /** The new value for each old one. */
  values: Readonly<Record<string, boolean>>;
}

/** By the old name. */
const RENAMED: Readonly<Record<string, Renamed>> = {
  memory: { to: 'cache_weights', values: { fast: true, lean: false } },
};

export const isOldName = (name: string): boolean => Object.hasOwn(RENAMED, name);

/** How a source spells settings. */
export interface Spelling {
  /** `--memory`, `SDXL_REFINE_MEMORY`, `memory in sdxl-refine.json` */
  place: (name: string) => string;
  /** `--memory fast`, `SDXL_REFINE_MEMORY=fast`, `"memory": "fast"` */
  spell: (name: string, value: SettingValue) => string;
  /** End of a sentence about the setting: the file in parentheses, or ''. */
  where: string;
}

const flagOf = (name: string): string => `--${name.replaceAll('_', '-')}`;

export const AS_OPTION: Spelling = {
  place: flagOf,
  spell: (name, value) => {
    if (typeof value === 'boolean') return value ? flagOf(name) : flagOf(`no_${name}`);
    return `${flagOf(name)} ${String(value)}`;
  },
  where: '',
};

export const AS_VARIABLE: Spelling = {
  place: variableOf,
  spell: (name, value) => `${variableOf(name)}=${String(value)}`,
  where: '',
};

export const inFile = (path: string): Spelling => ({
  place: (name) => `${name} in ${path}`,
  spell: (name, value) => `"${name}": ${jsonText(value)}`,
  where: ` (${path})`,
});

/**
 * The settings of one source, under their new names.
 * @param note called with a sentence for each old name
 * @throws USAGE_OPTION_INVALID for a value that was not valid for the old name
 * @throws USAGE_CONFLICT for an old and a new name that contradict each other
 */
export const withNewNames = (
  given: ReadonlyMap<string, SettingValue>,
  { place, spell, where }: Spelling,
  note: (text: string) => void,
): ReadonlyMap<string, SettingValue> => {
  const renamed = new Map(given);
  for (const [name, { to, values }] of Object.entries(RENAMED)) {
    const old = given.get(name);
    if (old === undefined) continue;
    const value = typeof old === 'string' && Object.hasOwn(values, old) ? values[old] : undefined;
    if (value === undefined) {
      const words = Object.keys(values).join(' or ');
      throw new RefineError(
        'USAGE_OPTION_INVALID',
        `Expected ${place(name)} to be ${words}, got ${formatValue(old)}. The new name is ${place(to)}.`,
      );
    }
    const current = given.get(to);
    if (current !== undefined && current !== value) {
      throw new RefineError(
        'USAGE_CONFLICT',
        `${spell(name, old)} and ${spell(to, current)} contradict each other${where}. ${spell(name, old)} is now ${spell(to, value)}: give one of them.`,
      );
    }
    note(`${spell(name, old)} is now ${spell(to, value)}${where}`);
    renamed.delete(name);
    renamed.set(to, value);
  }
  return renamed;
};
