/** Names that other programs have for our keys: ignored, they would silently give another picture than the table asks for. */
import type { RowCommand } from '../../../records/setting-kinds.js';
import { foldKey, nearestKey } from './nearest-key.js';
import { rowKeyOf, spellingsOf, type RowKeyName } from './row-keys.js';

/**
 * Same meaning and range: A1111's and InvokeAI's `cfg_scale`, ComfyUI's `cfg`, A1111's `denoising_strength` (of the steps, that share
 * runs). Samplers are read by their names in A1111 and ComfyUI, with noise levels in another column: `sampler-parts.ts`.
 */
const SAME: ReadonlyMap<string, RowKeyName> = new Map([
  ['cfgscale', 'guidance_scale'],
  ['cfg', 'guidance_scale'],
  ['denoisingstrength', 'strength'],
  ['negativeprompt', 'negative_prompt'],
  ['sampler', 'scheduler'],
  ['samplername', 'scheduler'],
]);

/**
 * Likely meant, but not the same: ComfyUI's steps are those that run, so its `denoise` is no share of ours; `guidance` is
 * distilled guidance in some programs.
 */
const LIKELY: ReadonlyMap<string, RowKeyName> = new Map([
  ['denoise', 'strength'],
  ['guidance', 'guidance_scale'],
  ['samplingsteps', 'steps'],
]);

/** The key of a name, in our spelling or in another program's; undefined for an unknown name. */
export const meantKey = (name: string): RowKeyName | undefined => rowKeyOf(name) ?? SAME.get(foldKey(name));

/** The key of a name, or the one that another program's name likely means: to be suggested. */
export const relatedKey = (name: string): RowKeyName | undefined => meantKey(name) ?? LIKELY.get(foldKey(name));

/** A table has the same names in each of its rows, and comparing one with all spellings takes as long as reading its row. */
const known: Record<RowCommand, Map<string, string | null>> = { batch: new Map(), generate: new Map() };
/** Names that are remembered, and their length: rows from outside may have any. */
const MOST_KNOWN = 4096;
const LONGEST_KNOWN = 200;

/** The spelling that an unknown name was probably meant to be, for "did you mean"; null: it is a name of the user's own. */
export const likelySpelling = (name: string, command: RowCommand): string | null => {
  const before = known[command].get(name);
  if (before !== undefined) return before;
  const found = LIKELY.get(foldKey(name)) ?? nearestKey(name, spellingsOf(command));
  if (name.length > LONGEST_KNOWN) return found;
  if (known[command].size === MOST_KNOWN) known[command].clear();
  known[command].set(name, found);
  return found;
};
