/** Default settings of a model: `refine-defaults.json` in its folder, which is untrusted input. */
import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { SETTINGS } from '../../../records/setting-table.js';
import { SETTING_NAMES } from '../../../records/settings.js';
import { messageOf, RefineError, systemCodeOf } from '../../../errors.js';
import { relatedKey } from '../../../run/manifest/rows/foreign-names.js';
import { nearestKey } from '../../../run/manifest/rows/nearest-key.js';
import { parseValue } from '../../../run/manifest/rows/parse-value.js';
import { resolveSettings, settingProblems } from '../../../run/manifest/rows/resolve-settings.js';
import type { RowValues } from '../../../run/manifest/rows/row-keys.js';
import { formatValue } from '../../../run/manifest/rows/format-value.js';
import { DEFAULTS_FILE } from '../../../models/weights/discovery/model-files.js';
import { readJsonObject } from '../../../models/weights/discovery/read-json.js';
import { findModelFolder } from './resolve-model.js';
import type { ProcessContext } from '../process-context.js';

/** Settings of computation only, and never paths or network access. */
export const MODEL_DEFAULT_KEYS = SETTING_NAMES.filter((name) => SETTINGS[name].modelMaySet);

/**
 * @param path of a model: a folder, or a file, which has no defaults
 * @throws MODEL_CONFIG_INVALID naming the file: not a JSON object, an unknown key, invalid values
 */
export const readModelDefaults = async (path: string): Promise<RowValues> => {
  const file = join(path, DEFAULTS_FILE);
  const isThere = await stat(file).then(
    () => true,
    /* ENOTDIR: the model is a file. Opening the model reports any other error. */
    (cause: unknown) => !['ENOENT', 'ENOTDIR'].includes(systemCodeOf(cause) ?? ''),
  );
  if (!isThere) return {};
  const invalid = (what: string, cause?: unknown): RefineError =>
    new RefineError('MODEL_CONFIG_INVALID', `${file}: ${what}. Correct the file, or delete it.`, {
      context: { file },
      cause,
    });
  const { $schema: _, ...object } = await readJsonObject(file, 'modelDefaults');
  const defaults: RowValues = {};
  for (const [name, value] of Object.entries(object)) {
    const key = MODEL_DEFAULT_KEYS.find((known) => known === name);
    if (key === undefined) throw invalid(unknownKey(name));
    try {
      Object.assign(defaults, { [key]: parseValue(key, value) });
    } catch (cause) {
      throw invalid(messageOf(cause), cause);
    }
  }
  const settings = resolveSettings({ prompt: '' }, new Set(), { options: {}, runSeed: 0, modelDefaults: defaults });
  const [problem] = settingProblems(settings);
  if (problem !== undefined) throw invalid(problem.message);
  return defaults;
};

const unknownKey = (name: string): string => {
  const related = MODEL_DEFAULT_KEYS.find((key) => key === relatedKey(name));
  const near = related ?? nearestKey(name, MODEL_DEFAULT_KEYS);
  const mend = near === null ? `a model may set ${MODEL_DEFAULT_KEYS.join(', ')}` : `did you mean "${near}"?`;
  return `unknown key ${formatValue(name)}: ${mend}`;
};

/** Defaults of `--model` as given; a model that is not on this machine yet has no defaults. */
export const findModelDefaults = async (
  text: string,
  context: Pick<ProcessContext, 'cwd' | 'env'>,
): Promise<RowValues> => {
  const folder = await findModelFolder(text, context);
  return folder === null ? {} : readModelDefaults(folder);
};
