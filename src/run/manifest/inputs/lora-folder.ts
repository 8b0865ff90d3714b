/** A folder of LoRAs that rows name by tags or weights. Names are looked up in a list of its files, so that none leads out of it. */
import { join } from 'node:path';
import { RefineError, messageOf } from '../../../errors.js';
import type { LoraChoice } from '../../../records/model-options.js';
import { isFolder } from '../../../io/files/is-folder.js';
import { readLoraAliases } from './lora-alias.js';
import { listFiles } from './list-files.js';
import type { FindLora } from '../rows/lora-weights.js';
import { formatValue } from '../rows/format-value.js';

/** LoRAs that the rows of a run may name beside those of `--lora`. Each is opened with the model, and costs time in every step, even unused. */
export const MAX_FOUND_LORAS = 32;

const LORA_FILE = /\.(?:safetensors|pt|pth|ckpt|bin)$/i;
const PREFERRED = /\.safetensors$/i;

export interface LoraFolder {
  /** The run's name for a LoRA of the folder, which then counts as found. */
  find: FindLora;
  /** Finds all LoRAs of the folder. @throws USAGE_CONFLICT for more than `MAX_FOUND_LORAS` */
  findAll: () => void;
  /**
   * The LoRAs to open: the first `MAX_FOUND_LORAS` of those found, or of those found with these names. Rows that name others get
   * a warning.
   */
  choose: (names?: ReadonlySet<string>) => readonly LoraChoice[];
  /** Excludes LoRAs that do not fit the model, with reasons by name. */
  leaveOut: (reasons: Readonly<Record<string, string>>) => void;
  /** Its plain values, for `findIn`. */
  listed: () => ListedLoras;
}

/** A folder of LoRAs as plain values, which can be sent to another thread. */
export interface ListedLoras {
  /** Absolute. */
  folder: string;
  /** Paths of its LoRAs, relative to it. */
  paths: readonly string[];
  /** Names that files give themselves, by path (`readLoraAlias`). */
  aliases: Readonly<Record<string, string>>;
  /** The run's LoRAs, whose names are reserved. */
  loras: readonly LoraChoice[];
  /** Reasons why some are unavailable, by name. */
  leftOut: Readonly<Record<string, string>>;
}

const withoutExtension = (path: string): string => path.replace(LORA_FILE, '');
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const fold = (name: string): string => name.normalize('NFC').toLowerCase();

/** Names of a file: its path in the folder and its file name, each with and without extension. */
const namesOf = (path: string): ReadonlySet<string> =>
  new Set(
    [path, withoutExtension(path), baseOf(path), withoutExtension(baseOf(path))].map((name) => name.normalize('NFC')),
  );

/** Best matches among files for a name: those with the exact spelling, then with the exact path, then .safetensors. */
const best = (paths: readonly string[], name: string): readonly string[] => {
  const choose = (from: readonly string[], isBetter: (path: string) => boolean): readonly string[] => {
    const better = from.filter(isBetter);
    return better.length === 0 ? from : better;
  };
  const spelled = choose(paths, (path) => namesOf(path).has(name));
  const placed = choose(spelled, (path) =>
    [path, withoutExtension(path)].some((place) => place.normalize('NFC') === name),
  );
  return choose(placed, (path) => PREFERRED.test(path));
};

/**
 * @param folder absolute
 * @param loras of the run, whose names are reserved
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
  const aliases = await readLoraAliases(folder, paths, signal);
  return folderOf({ folder, paths, aliases, loras, leftOut: {} });
};

/** Finds LoRAs in a folder whose LoRAs are all open. */
export const findIn = (listed: ListedLoras): FindLora => {
  const folder = folderOf(listed);
  folder.findAll();
  folder.choose();
  return folder.find;
};

const folderOf = ({ folder, paths, aliases, loras, leftOut: reasonsSoFar }: ListedLoras): LoraFolder => {
  const byName = new Map<string, string[]>();
  for (const path of paths) {
    for (const name of new Set([...namesOf(path)].map(fold))) byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  const byAlias = new Map<string, string[]>();
  for (const path of paths) {
    const alias = aliases[path];
    if (alias !== undefined) byAlias.set(fold(alias), [...(byAlias.get(fold(alias)) ?? []), path]);
  }
  const found = new Map<string, LoraChoice>();
  /** null until `choose` is called. */
  let chosen: ReadonlySet<string> | null = null;
  let leftOut = reasonsSoFar;

  /** The file name without extension if it is unique, else the path without extension. */
  const nameOf = (path: string): string => {
    const name = withoutExtension(baseOf(path)).normalize('NFC');
    const isShared = paths.some(
      (other) =>
        withoutExtension(other) !== withoutExtension(path) && withoutExtension(baseOf(other)).normalize('NFC') === name,
    );
    return isShared || loras.some((lora) => lora.name === name) ? withoutExtension(path).normalize('NFC') : name;
  };
  const markFound = (path: string): ReturnType<FindLora> => {
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
      const wanted = name.normalize('NFC').replaceAll('\\', '/').replace(/^\.\//, '');
      const [path, other] = best(byName.get(fold(wanted)) ?? byAlias.get(fold(name)) ?? [], wanted);
      if (path === undefined) return { problem: '--lora-dir has no such file' };
      if (other === undefined) return markFound(path);
      return { problem: `${formatValue(path)} and ${formatValue(other)} have that name; write the folder before it` };
    },
    findAll() {
      if (paths.length > MAX_FOUND_LORAS) {
        const message = `Expected at most ${MAX_FOUND_LORAS} LoRAs in --lora-dir, found ${paths.length} in ${folder}: move the needed ones to another folder, or give them with --lora.`;
        throw new RefineError('USAGE_CONFLICT', message);
      }
      for (const path of paths) markFound(path);
    },
    choose(names) {
      const wanted = [...found.values()].filter(({ name }) => names?.has(name) !== false).slice(0, MAX_FOUND_LORAS);
      chosen = new Set(wanted.map(({ name }) => name));
      return wanted;
    },
    leaveOut(reasons) {
      leftOut = reasons;
    },
    listed: () => ({ folder, paths, aliases, loras, leftOut }),
  };
};
