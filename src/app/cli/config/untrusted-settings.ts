/**
 * Limits of a configuration file that was found and not named. It comes with the input and is as untrusted: it may set how
 * pictures look, and never what is written, replaced, downloaded, sent, screened or printed.
 */
import { RefineError } from '../../../errors.js';
import { uriScheme } from '../../../io/store/store-uri.js';
import { quotedWord } from '../../../run/manifest/inputs/shell-word.js';
import { rowKeyOf } from '../../../run/manifest/rows/row-keys.js';
import type { ConfigFile } from './config-file.js';
import type { SettingValue } from './setting-value.js';
import { findModelFolder } from '../options/resolve-model.js';
import type { ProcessContext } from '../process-context.js';

/** Allowed besides the keys of rows. Any other key needs a named file. */
const OF_PICTURES: ReadonlySet<string> = new Set(['mode', 'stage_input', 'seed_mode', 'from_metadata', 'metadata']);
const MODELS: ReadonlySet<string> = new Set(['model', 'base']);
const WEIGHTS: ReadonlySet<string> = new Set(['vae', 'lora', 'base_lora', 'embedding']);

/** Whether a found file may have a key; `here`: only with values that name something on this machine. */
export const foundFileMaySet = (name: string): boolean | 'here' =>
  MODELS.has(name) || WEIGHTS.has(name) ? 'here' : OF_PICTURES.has(name) || rowKeyOf(name) !== undefined;

/** @throws RefineError USAGE_CONFLICT naming the first key that is not allowed, and how to allow it */
export const refuseUntrustedSettings = async (
  { path, settings }: ConfigFile,
  context: Pick<ProcessContext, 'env' | 'cwd'>,
): Promise<void> => {
  for (const [name, value] of settings) {
    const why = await objectionTo(name, value, context);
    if (why === null) continue;
    throw new RefineError(
      'USAGE_CONFLICT',
      `Expected ${path}, which was found and not named, to set only how pictures look (strength, prompt, …), found "${name}": ${why}. ` +
        `If you trust the file, name it: --config ${quotedWord(path)}. Otherwise remove the key, or leave the file out with --no-config.`,
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
  if (may === false) return 'only an option or your own configuration file may set it';
  const places = [value].flat().map((place) => String(place).replace(/^[^=/\\]*=/, ''));
  /* Windows signs in to the machine that such a path names (UNC, with any slashes, or after \??\). */
  if (places.some((place) => uriScheme(place) !== null || /^[\\/](?:[\\/]|\?\?[\\/])/.test(place)))
    return 'it names a place on the network';
  if (!MODELS.has(name)) return null;
  const [model = ''] = places;
  return (await findModelFolder(model, context)) === null
    ? `${model} is not on this machine, and would be downloaded`
    : null;
};
