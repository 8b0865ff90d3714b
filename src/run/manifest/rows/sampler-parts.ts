/**
 * Tables of other programs write a scheduler in two columns: ComfyUI's `sampler_name` and `scheduler` (its noise levels), A1111's
 * `Sampler` and `Schedule type`. Together they are one name here: `dpmpp_2m` and `karras` are `dpmpp_2m karras`.
 */
import { findSampler, isSpacing, withSpacing } from '../../../diffusion/schedulers/names/find-sampler.js';
import { foldKey } from './nearest-key.js';

type Entry = readonly [name: string, value: unknown];
type Part = 'sampler' | 'scheduler' | 'spacing';

const PARTS: ReadonlyMap<string, Part> = new Map([
  ['sampler', 'sampler'],
  ['samplername', 'sampler'],
  ['scheduler', 'scheduler'],
  ['scheduletype', 'spacing'],
]);

/** The part of a scheduler's name that a key has; undefined: none. */
export const samplerPartOf = (name: string): Part | undefined =>
  /* Most names are told apart by their first letter. */
  /^[\s_-]*s/i.test(name) ? PARTS.get(foldKey(name)) : undefined;

/**
 * The values of a row, with its scheduler under one name.
 * @param entries null is an absent value; without parts they are returned as they are
 */
export const joinSampler = (entries: readonly Entry[]): readonly Entry[] => {
  const found = entries.flatMap(([name, value]) => {
    const part = samplerPartOf(name);
    return part === undefined || typeof value !== 'string' ? [] : [{ name, part, value }];
  });
  const joined = found.length > 2 ? null : joinTwo(found[0], found[1]);
  if (joined === null) return entries;
  const names = found.map(({ name }) => name);
  return [...entries.filter(([name]) => !names.includes(name)), ['scheduler', joined]];
};

interface FoundPart {
  part: Part;
  value: string;
}

/** null: they are no parts of one name. */
const joinTwo = (one?: FoundPart, two?: FoundPart): string | null => {
  const parts = [one, two].filter((found) => found !== undefined);
  const valueOf = (part: Part): string | undefined => parts.find((found) => found.part === part)?.value;
  const [sampler, scheduler, type] = [valueOf('sampler'), valueOf('scheduler'), valueOf('spacing')];
  if (type !== undefined) {
    const name = sampler ?? scheduler;
    if (name !== undefined) return withSpacing(name, type);
    /* Alone, it is refused as a scheduler: nothing says whose noise levels they are. */
    return isSpacing(type) ? type : null;
  }
  if (sampler === undefined || scheduler === undefined) return null;
  if (isSpacing(scheduler)) return withSpacing(sampler, scheduler);
  const [a, b] = [findSampler(sampler), findSampler(scheduler)];
  return a !== null && a.name === b?.name ? a.name : null;
};
