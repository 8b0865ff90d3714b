/** Raw rows, which manifest readers pass to the row parser, and matching of their keys. */
import { RefineError } from '../../../errors.js';
import type { JsonLimits } from '../../../io/json/parse-json.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { likelySpelling, meantKey } from '../rows/foreign-names.js';
import { keysWithSynonyms, ROW_KEYS, type RowKeyName } from '../rows/row-keys.js';
import { formatValue } from '../rows/format-value.js';

/** A row as read: present values of known keys, and the unknown keys; or why it could not be read. */
export type RawRow =
  | {
      /** null if the input has no lines. */
      line: number | null;
      /** `written`: the name in the input, if it is another. */
      known: [name: RowKeyName, value: unknown, written?: string][];
      extra: Record<string, unknown>;
      /** Name of its output, if not from its source: a `/`-separated path without extension. */
      ownName?: string;
      /** About values that were read otherwise than written. */
      warnings?: readonly string[];
    }
  | { line: number; problem: string };

/** Limit of a row's keys and a table's columns, including unknown ones, which are kept with the row. */
export const MAX_ROW_KEYS = 10_000;

/**
 * Of a row's JSON, and of a cell's. Much deeper values would overflow the stack when the results are written; more braces, brackets,
 * colons and commas would take minutes and gigabytes for a row that is then refused.
 */
export const ROW_JSON: JsonLimits = { maxDepth: 64, maxKeys: MAX_ROW_KEYS, maxTokens: 200_000 };

/** A place in an input, for messages. */
export const placeOf = (inputName: string, line: number): string =>
  `${inputName === '-' ? 'standard input' : inputName}, line ${line}`;

/**
 * The key that a name in a manifest means; null for an unknown key, which is kept. Keys of `generate`, such as sizes and counts,
 * are common columns, so that rows of `batch` may have them as unknown keys; `generate` refuses keys of `batch`.
 * @throws RefineError MANIFEST_KEY_UNKNOWN if it looks mistyped, so that no setting is silently ignored
 */
export const matchKey = (name: string, inputName: string, line: number, command: RowCommand): RowKeyName | null => {
  const known = meantKey(name);
  const owner = known === undefined ? null : ROW_KEYS[known].only;
  if (known !== undefined && (owner === null || owner === command)) return known;
  if (owner === 'generate') return null;
  if (owner === 'batch') {
    throw new RefineError(
      'MANIFEST_KEY_UNKNOWN',
      `Expected keys of generate, found ${formatValue(name)} (${placeOf(inputName, line)}), a key of batch: remove it, or run batch`,
      { context: { input: inputName, line, key: name } },
    );
  }
  const near = likelySpelling(name, command);
  if (near === null) return null;
  throw new RefineError(
    'MANIFEST_KEY_UNKNOWN',
    `Unknown key ${formatValue(name)} (${placeOf(inputName, line)}): did you mean "${near}"? Correct it, or rename a key of your own`,
    { context: { input: inputName, line, key: name, nearest: near } },
  );
};

/** Whether one key is there instead of another: a table of latents has names of its own beside them. */
export const replaces = (name: RowKeyName | null, key: RowKeyName): boolean => name === 'latents' && key === 'image';

/**
 * The name that a picture has under Hugging Face's imagefolder (datasets, folder_based_builder.py), which reads each `*_file_name` as a
 * picture; null if none has such a name, or several have.
 */
export const onlyFileName = (names: readonly string[]): string | null => {
  const [first, second] = fileNames(names);
  return second === undefined ? (first ?? null) : null;
};

/** Names under which an imagefolder has pictures. */
export const fileNames = (names: readonly string[]): string[] => names.filter((name) => /._file_name$/.test(name));

/**
 * Fills keys that a row lacks from their synonyms.
 * @param known gets the values
 * @returns `extra` without the used synonyms
 */
export const applySynonyms = (
  known: [RowKeyName, unknown, written?: string][],
  extra: readonly [string, unknown][],
  command: RowCommand,
): readonly [string, unknown][] => {
  if (extra.length === 0) return extra;
  const used = keysWithSynonyms(command).flatMap((key) => {
    if (known.some(([name]) => name === key || replaces(name, key))) return [];
    const present = extra.flatMap(([name, value]) => (value === null ? [] : [name]));
    const synonym =
      ROW_KEYS[key].synonyms.find((name) => present.includes(name)) ??
      (key === 'image' ? (onlyFileName(present) ?? undefined) : undefined);
    return synonym === undefined ? [] : [[key, synonym] as const];
  });
  if (used.length === 0) return extra;
  for (const [key, synonym] of used) known.push([key, extra.find(([name]) => name === synonym)?.[1]]);
  return extra.filter(([name]) => !used.some(([, synonym]) => synonym === name));
};
