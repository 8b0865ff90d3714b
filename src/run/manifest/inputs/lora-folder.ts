/** A folder of LoRAs, of which rows name some by tags or weights. Names are looked up in a list of its files: none leads out of it. */
import { join } from 'node:path';
import { RefineError, messageOf } from '../../../errors.js';
import type { LoraChoice } from '../../../records/model-options.js';
import { isFolder, listFiles } from './list-files.js';
import type { FindLora } from '../rows/lora-weights.js';
import { formatValue } from '../rows/format-value.js';

/** LoRAs that rows of a run may name beside those of `--lora`: each is opened with the model, and costs at every step, used or not. */
export const MAX_FOUND_LORAS = 32;

const LORA_FILE = /\.(?:safetensors|pt|pth|ckpt|bin)$/i;
const PREFERRED = /\.safetensors$/i;

export interface LoraFolder {
  /** The run's name for a LoRA of the folder, which is found from then on. */
  find: FindLora;
  /** Every LoRA of the folder is found. @throws USAGE_CONFLICT for more than `MAX_FOUND_LORAS` */
  findAll: () => void;
  /**
   * The LoRAs to open: those found, or those of them with these names; the first `MAX_FOUND_LORAS`. Rows that name others are told why
   * they have them not.
   */
  choose: (names?: ReadonlySet<string>) => readonly LoraChoice[];
  /** Some do not fit the model: why, by their names. */
  leaveOut: (reasons: Readonly<Record<string, string>>) => void;
  /** For `findIn`. */
  listed: () => ListedLoras;
}

/** A folder of LoRAs as plain values, which another thread can be given. */
export interface ListedLoras {
  /** Absolute. */
  folder: string;
  /** Of its LoRAs, in it. */
  paths: readonly string[];
  /** Of the run, whose names stay theirs. */
  loras: readonly LoraChoice[];
  /** Why some cannot be had, by their names. */
  leftOut: Readonly<Record<string, string>>;
}

const withoutExtension = (path: string): string => path.replace(LORA_FILE, '');
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const fold = (name: string): string => name.normalize('NFC').toLowerCase();

/** The names of a file: its place in the folder and its own name, each with and without its ending. */
const namesOf = (path: string): ReadonlySet<string> =>
  new Set(
    [path, withoutExtension(path), baseOf(path), withoutExtension(baseOf(path))].map((name) => name.normalize('NFC')),
  );

/** Of files that one name means, those of the best kind: at that very place, else in this very spelling; safetensors before others. */
const best = (paths: readonly string[], name: string): readonly string[] => {
  const choose = (from: readonly string[], isBetter: (path: string) => boolean): readonly string[] => {
    const better = from.filter(isBetter);
    return better.length === 0 ? from : better;
  };
  const spelled = choose(paths, (path) => namesOf(path).has(name));
  const placed = choose(spelled, (path) => [path, withoutExtension(path)].some((own) => own.normalize('NFC') === name));
  return choose(placed, (path) => PREFERRED.test(path));
};

/**
 * @param folder absolute
 * @param loras of the run, whose names stay theirs
 * @throws USAGE_OPTION_INVALID, the signal's reason
 */
export const openLoraFolder = async (
  folder: string,
  loras: readonly LoraChoice[],
  signal?: AbortSignal,
): Promise<LoraFolder> => {
  const refuse = (why: string, cause?: unknown): never => {
    throw new RefineError(
      'USAGE_OPTION_INVALID',
      `Expected --lora-dir to be a folder of LoRAs, got ${formatValue(folder)}: ${why}`,
      { cause },
    );
  };
  if (!(await isFolder(folder))) return refuse('there is no such folder');
  const { files } = await listFiles({ folder, pattern: '**/*' }, null, signal).catch((error: unknown) => {
    signal?.throwIfAborted();
    return refuse(messageOf(error), error);
  });
  const paths = files.filter((path) => LORA_FILE.test(path));
  return folderOf({ folder, paths, loras, leftOut: {} });
};

/** Finds what a folder has of which all is open. */
export const findIn = (listed: ListedLoras): FindLora => {
  const folder = folderOf(listed);
  folder.findAll();
  folder.choose();
  return folder.find;
};

const folderOf = ({ folder, paths, loras, leftOut: reasonsSoFar }: ListedLoras): LoraFolder => {
  const byName = new Map<string, string[]>();
  for (const path of paths) {
    for (const name of new Set([...namesOf(path)].map(fold))) byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  const found = new Map<string, LoraChoice>();
  /** null: not chosen yet. */
  let chosen: ReadonlySet<string> | null = null;
  let leftOut = reasonsSoFar;

  /** As short as it is unique. */
  const nameOf = (path: string): string => {
    const name = withoutExtension(baseOf(path)).normalize('NFC');
    const isShared = paths.some(
      (other) =>
        withoutExtension(other) !== withoutExtension(path) && withoutExtension(baseOf(other)).normalize('NFC') === name,
    );
    return isShared || loras.some((lora) => lora.name === name) ? withoutExtension(path).normalize('NFC') : name;
  };
  const take = (path: string): ReturnType<FindLora> => {
    const known = found.get(path);
    const { name } = known ?? { name: nameOf(path) };
    if (known === undefined) found.set(path, { name, file: join(folder, path), weight: 0, mayNotFit: true });
    if (chosen !== null && !chosen.has(name)) {
      return {
        problem: `the rows name more than ${MAX_FOUND_LORAS} LoRAs, and this is not among the first; split the run (--shard, --limit)`,
      };
    }
    const problem = leftOut[name];
    return problem === undefined ? { name } : { problem };
  };
  return {
    find(name) {
      const own = name.normalize('NFC').replaceAll('\\', '/').replace(/^\.\//, '');
      const [path, other] = best(byName.get(fold(own)) ?? [], own);
      if (path === undefined) return { problem: '--lora-dir has no such file' };
      if (other === undefined) return take(path);
      return { problem: `${formatValue(path)} and ${formatValue(other)} have that name; write the folder before it` };
    },
    findAll() {
      if (paths.length > MAX_FOUND_LORAS) {
        const message = `Expected at most ${MAX_FOUND_LORAS} LoRAs in --lora-dir, found ${paths.length} in ${folder}: move the needed ones to another folder, or give them with --lora.`;
        throw new RefineError('USAGE_CONFLICT', message);
      }
      for (const path of paths) take(path);
    },
    choose(names) {
      const wanted = [...found.values()].filter(({ name }) => names?.has(name) !== false).slice(0, MAX_FOUND_LORAS);
      chosen = new Set(wanted.map(({ name }) => name));
      return wanted;
    },
    leaveOut(reasons) {
      leftOut = reasons;
    },
    listed: () => ({ folder, paths, loras, leftOut }),
  };
};
