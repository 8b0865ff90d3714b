/** Severities from which content is blocked: one for all, and others for categories by name. */
import { RefineError } from '../../errors.js';

export interface BlockAt {
  all: number;
  /** By the category's name in lower case, without `-`, `_` and spaces. */
  each: ReadonlyMap<string, number>;
}

/** A service's categories and severities. */
export interface Scale {
  /** null for any, if they are not known yet. */
  categories: readonly string[] | null;
  usual: number;
  isValid: (severity: number) => boolean;
  /** Valid values, as the end of "Expected … to be". */
  expected: string;
}

/** `Self-Harm`, `self_harm` and `SelfHarm` become equal. */
export const normalizeCategory = (category: string): string => category.toLowerCase().replaceAll(/[-_\s]/g, '');

/** @param text `4`, `sexual=4,violence=2` or `2,violence=6` @throws USAGE_OPTION_INVALID */
export const parseBlockAt = (text: string, scale: Scale): BlockAt => {
  const invalid = (): RefineError =>
    new RefineError('USAGE_OPTION_INVALID', `Expected --safety-block-at to be ${scale.expected}, got "${text}".`);
  const each = new Map<string, number>();
  let all: number | null = null;
  for (const part of text.split(',')) {
    const [, name, number = ''] = /^\s*(?:([^=]+?)\s*=\s*)?(\d+(?:\.\d+)?)\s*$/.exec(part) ?? [];
    const severity = Number(number);
    if (number === '' || !scale.isValid(severity)) throw invalid();
    if (name === undefined) {
      if (all !== null) throw invalid();
      all = severity;
      continue;
    }
    const key = normalizeCategory(name);
    if (each.has(key) || (scale.categories !== null && !scale.categories.includes(key))) throw invalid();
    each.set(key, severity);
  }
  return { all: all ?? scale.usual, each };
};

/** Text for a screener's identity, independent of the order of categories. */
export const blockAtText = ({ all, each }: BlockAt): string =>
  JSON.stringify([all, [...each].sort(([a], [b]) => (a < b ? -1 : 1))]);
