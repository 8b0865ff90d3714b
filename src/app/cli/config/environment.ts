/** Settings by environment variables: `SDXL_REFINE_` and the option's name. */
import { RefineError } from '../../../errors.js';
import { CONFIG_VARIABLE, PREFIX, variableOf } from './variable-name.js';
import { checkSetting, nearestSetting, type ConfigKey } from './config-keys.js';
import type { SettingValue } from './setting-value.js';

/**
 * The settings of the environment, by name. An empty variable counts as not set: scripts and workflows leave such variables.
 *
 * @param otherNames settings of other commands, which are ignored
 * @throws RefineError USAGE_OPTION_INVALID for an invalid value, and for a name that is probably misspelled; other names with
 *   the prefix may belong to other programs
 */
export const readEnvironment = (
  keys: readonly ConfigKey[],
  env: Readonly<Record<string, string | undefined>>,
  otherNames: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, SettingValue> => {
  const known = new Map(keys.map((key) => [variableOf(key.name), key]));
  const given = Object.entries(env).filter(([name]) => name.startsWith(PREFIX) && name !== CONFIG_VARIABLE);
  const settings = new Map<string, SettingValue>();
  for (const [variable, text] of given) {
    if (text === undefined || text === '') continue;
    const key = known.get(variable);
    if (key === undefined && otherNames.has(variable.slice(PREFIX.length).toLowerCase())) continue;
    if (key === undefined) refuseMisspelling(variable, keys);
    else settings.set(key.name, checkSetting(key, key.read(text), variable));
  }
  return settings;
};

const refuseMisspelling = (variable: string, keys: readonly ConfigKey[]): void => {
  const near = nearestSetting(variable.slice(PREFIX.length).toLowerCase(), keys);
  if (near === null) return;
  throw new RefineError(
    'USAGE_OPTION_INVALID',
    `Unknown variable ${variable}: did you mean ${variableOf(near)}? Correct it, or unset it`,
    { context: { variable, nearest: variableOf(near) } },
  );
};
