/** Finds, reads and checks configuration files. */
import { stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { exists } from '../../../io/files/exists.js';
import { isFolder } from '../../../io/files/is-folder.js';
import { RefineError, isRefineError, messageOf } from '../../../errors.js';
import { cutText } from '../../../io/json/json-text.js';
import { isObject, parseJson, parseJsonObject } from '../../../io/json/parse-json.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { readFileBytes } from '../../../io/files/open-file.js';
import { isManifest } from '../../../run/manifest/inputs/manifest-input.js';
import { ROW_KEYS, rowKeyOf } from '../../../run/manifest/rows/row-keys.js';
import { checkSetting, nearestSetting, type ConfigKey } from './config-keys.js';
import type { SettingValue } from './setting-value.js';

export interface ConfigFile {
  /** Absolute. */
  path: string;
  /** Values by their key's name. */
  settings: ReadonlyMap<string, SettingValue>;
}

const NAMES = ['sdxl-refine.json', 'sdxl-refine.yaml', 'sdxl-refine.yml'];

/** Imports the parser on demand: loading it takes longer than reading all other settings. */
const yaml = async (text: string): Promise<unknown> => {
  const { isScalar, parseDocument, visit } = await import('yaml');
  /* The parser's `uniqueKeys` compares all pairs of keys: minutes for a file of a megabyte. */
  const document = parseDocument(text, { logLevel: 'error', uniqueKeys: false });
  for (const error of document.errors) throw error;
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (key !== null && !isScalar(key)) throw new Error('it has a key that is not a name, but a list or a table');
        const name = key === null ? null : key.value;
        if (seen.has(name)) throw new Error(`it has the key ${formatValue(name)} twice`);
        seen.add(name);
      }
    },
  });
  return document.toJS() as unknown;
};

/** More than a handwritten file has. Tokens are braces, brackets, colons and commas. */
const JSON_LIMITS = { maxDepth: 64, maxTokens: 200_000 };

const json = (text: string): unknown => {
  const invalid = (what: string): Error => new Error(`it ${what}`);
  const value = parseJson(text, JSON_LIMITS, invalid);
  return isObject(value) ? parseJsonObject(text, JSON_LIMITS, invalid) : value;
};

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  '.json': (text) => json(text),
  '.yaml': yaml,
  '.yml': yaml,
};

/**
 * Searches the folder of a manifest, or the working directory for `-`. For a folder, glob or picture, searches that folder
 * (or the picture's) and the working directory.
 *
 * @returns the file's path, or null
 * @throws RefineError USAGE_CONFLICT when there are several
 */
export const findConfigFile = async (firstInput: string, cwd: string): Promise<string | null> => {
  const input = resolve(cwd, firstInput);
  const hasFolder = await isFolder(input);
  const folder = hasFolder ? input : dirname(input);
  const places = firstInput === '-' ? [cwd] : !hasFolder && isManifest(input) ? [folder] : [folder, cwd];
  return onlyFileOf(
    [...new Set(places)].flatMap((place) => NAMES.map((name) => join(place, name))),
    places.length > 1 ? 'beside the input or in the working directory' : 'beside the input',
    'remove one, or name one with --config',
  );
};

/** @returns the one of these files that exists, or null @throws RefineError USAGE_CONFLICT when several exist */
export const onlyFileOf = async (
  paths: readonly string[],
  where: string,
  mending = 'remove one',
): Promise<string | null> => {
  const existing = await Promise.all(
    paths.map(async (path) => ((await stat(path).catch(() => null))?.isFile() === true ? [path] : [])),
  );
  const [path = null, second] = existing.flat();
  if (second === undefined) return path;
  throw new RefineError(
    'USAGE_CONFLICT',
    `Expected one configuration file ${where}, found ${existing.flat().join(' and ')}: ${mending}`,
  );
};

/**
 * Paths in the file are relative to its folder; they are returned relative to the working directory, as on the command line.
 *
 * @param path absolute
 * @param otherNames settings of other commands, which are ignored
 * @throws RefineError USAGE_OPTION_INVALID: unreadable, not an object, an unknown key, an invalid value
 */
export const readConfigFile = async (
  path: string,
  cwd: string,
  keys: readonly ConfigKey[],
  otherNames: ReadonlySet<string> = new Set(),
): Promise<ConfigFile> => {
  const parse = PARSERS[extname(path).toLowerCase()];
  if (parse === undefined) throw unreadable(path, 'it has another extension');
  let value: unknown;
  try {
    value = await parse(await readText(path));
  } catch (error) {
    throw isRefineError(error) ? error : unreadable(path, cutText(messageOf(error).trimEnd(), MAX_MESSAGE), error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(path, 'it is not an object of keys and values');
  }
  const settings = readSettings(value, path, keys, otherNames);
  for (const { name, isPath, isList } of keys) {
    const place = settings.get(name);
    if (isList && isPath !== false && place !== undefined)
      settings.set(
        name,
        [place].flat().map((item) => fromFolder(String(item), isPath === 'named', path, cwd)),
      );
    if (isPath === false || isList || typeof place !== 'string' || isAbsolute(place)) continue;
    const target = resolve(dirname(path), place);
    if (isPath === true || place.startsWith('.') || (await exists(target)))
      settings.set(name, relative(cwd, target) || '.');
  }
  return { path, settings };
};

/** A path in the file at `path`, relative to the working directory; keeps the name of `<name>=<file>`. */
const fromFolder = (text: string, isNamed: boolean, path: string, cwd: string): string => {
  const begin = isNamed ? text.indexOf('=') + 1 : 0;
  const place = text.slice(begin);
  /* A setting without a name or a path is invalid; its parser reports it. */
  const isWrong = place === '' || (isNamed && begin < 2);
  return isWrong || isAbsolute(place) ? text : text.slice(0, begin) + relative(cwd, resolve(dirname(path), place));
};

const readText = async (path: string): Promise<string> =>
  new TextDecoder('utf-8', { fatal: true }).decode(await readFileBytes(path, 'settings'));

const readSettings = (
  object: object,
  path: string,
  keys: readonly ConfigKey[],
  otherNames: ReadonlySet<string>,
): Map<string, SettingValue> => {
  const settings = new Map<string, SettingValue>();
  for (const [name, value] of Object.entries(object) as [string, unknown][]) {
    const key = keys.find((known) => known.name === name);
    if (key === undefined && name !== '$schema' && !otherNames.has(name)) throw unknownKey(name, path, keys);
    if (key === undefined || value === null) continue;
    settings.set(name, checkSetting(key, value, `${name} in ${path}`));
  }
  return settings;
};

const MAX_KEY = 200;
/** Characters of a parser's message. It may quote a line of YAML, which may be the whole file. */
const MAX_MESSAGE = 1000;

const unknownKey = (name: string, path: string, keys: readonly ConfigKey[]): RefineError => {
  const row = rowKeyOf(name);
  const near = nearestSetting(name, keys);
  const mend =
    row !== undefined && !ROW_KEYS[row].isOption
      ? 'it belongs to a row of a manifest'
      : near === null
        ? `the keys are ${keys
            .filter(({ isOld }) => !isOld)
            .map((key) => key.name)
            .join(', ')}`
        : `did you mean "${near}"?`;
  return new RefineError('USAGE_OPTION_INVALID', `Unknown key ${formatValue(name)} in ${path}: ${mend}`, {
    context: { path, key: cutText(name, MAX_KEY), nearest: near },
  });
};

const unreadable = (path: string, why: string, cause?: unknown): RefineError =>
  new RefineError('USAGE_OPTION_INVALID', `Expected ${path} to be settings in a .json, .yaml or .yml file: ${why}`, {
    context: { path },
    ...(cause === undefined ? {} : { cause }),
  });
