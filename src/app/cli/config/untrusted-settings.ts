/**
 * What a configuration file may set that was found and not named. It comes with the input, from wherever that came, so it
 * may say what a picture is, and never where anything is written, what is replaced, downloaded, sent, screened or said.
 */
import { RefineError } from '../../../errors.js';
import { rowKeyOf } from '../../../run/manifest/rows/row-keys.js';
import type { ConfigFile } from './config-file.js';
import type { SettingValue } from './setting-value.js';
import { findModelFolder } from '../options/resolve-model.js';
import type { ProcessContext } from '../process-context.js';

/** Besides the keys of rows. A key that is not here needs the user's word. */
const OF_PICTURES: ReadonlySet<string> = new Set(['mode', 'stage_input', 'seed_mode', 'from_metadata', 'metadata']);
const MODELS: ReadonlySet<string> = new Set(['model', 'base']);
const WEIGHTS: ReadonlySet<string> = new Set(['vae', 'lora', 'base_lora', 'embedding']);

/** Whether a found file may have a key; `here`: where what it names is on this machine. */
export const foundFileMaySet = (name: string): boolean | 'here' =>
  MODELS.has(name) || WEIGHTS.has(name) ? 'here' : OF_PICTURES.has(name) || rowKeyOf(name) !== undefined;

/** @throws RefineError USAGE_CONFLICT naming the first key that needs the user's word, and how to give it */
export const refuseUntrustedSettings = async (
  { path, settings }: ConfigFile,
  context: Pick<ProcessContext, 'env' | 'cwd'>,
): Promise<void> => {
  for (const [name, value] of settings) {
    const why = await objectionTo(name, value, context);
    if (why === null) continue;
    throw new RefineError(
      'USAGE_CONFLICT',
      `Expected ${path}, which was found and not named, to set only what a picture is (strength, prompt, …), found "${name}": ${why}. ` +
        `If you trust the file, name it: --config ${quoted(path)}. Otherwise remove the key, or leave the file out with --no-config.`,
      { context: { path, key: name } },
    );
  }
};

const objectionTo = async (
  name: string,
  value: SettingValue,
  context: Pick<ProcessContext, 'env' | 'cwd'>,
): Promise<string | null> => {
  const may = foundFileMaySet(name);
  if (may === true) return null;
  if (may === false) return 'that is for you to say, by an option or in your own configuration file';
  const places = [value].flat().map((place) => String(place).replace(/^[^=/\\]*=/, ''));
  /* Windows opens such a path (UNC, in any mix of slashes, or behind \??\) by signing in to the machine that it names. */
  if (places.some((place) => /^[\\/](?:[\\/]|\?\?[\\/])/.test(place))) return 'it names a place on the network';
  if (!MODELS.has(name)) return null;
  const [model = ''] = places;
  return (await findModelFolder(model, context)) === null
    ? `${model} is not on this machine, and would be downloaded`
    : null;
};

/** As a POSIX shell takes it. */
const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
