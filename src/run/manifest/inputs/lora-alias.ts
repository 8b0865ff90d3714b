/** The name that a LoRA's trainer gave it, which stays when the file is renamed. */
import { join } from 'node:path';
import { readUpTo, withFile } from '../../../io/files/open-file.js';

/** Length of the header, little-endian (safetensors, README.md). */
const PREFIX_BYTES = 8;
/** Read at first, and at most: lists of training tags before the name may have hundreds of KB. */
const PIECES = [2 ** 16, 2 ** 20];
const MAX_NAME_CHARS = 200;
/** Not inside another text of the metadata, where quotes are escaped. */
const OUTPUT_NAME = /(?<!\\)"ss_output_name"\s*:\s*("(?:[^"\\]|\\.){1,1200}")/;

/**
 * `ss_output_name` of kohya's scripts, by which A1111 finds a file too (extensions-builtin/Lora/networks.py,
 * `available_network_aliases`). Reads the header only.
 * @returns null if the file has none, or cannot be read: opening it reports that
 */
export const readLoraAlias = async (path: string): Promise<string | null> => {
  try {
    return await withFile(path, 'weights', async (handle) => {
      const prefix = Buffer.from(await readUpTo(handle, 0, PREFIX_BYTES));
      const length = prefix.length < PREFIX_BYTES ? 0 : Number(prefix.readBigUInt64LE());
      for (const piece of PIECES) {
        const header = await readUpTo(handle, PREFIX_BYTES, Math.min(piece, length));
        const name = OUTPUT_NAME.exec(Buffer.from(header).toString('utf8'))?.[1];
        if (name !== undefined) return textOf(name);
        if (length <= piece) break;
      }
      return null;
    });
  } catch {
    return null;
  }
};

const textOf = (json: string): string | null => {
  const text = JSON.parse(json) as string;
  return text.trim() === '' || text.length > MAX_NAME_CHARS ? null : text;
};

/** Files read at a time. */
const AT_ONCE = 8;

/** Aliases by path. @param paths relative to the folder @throws the signal's reason */
export const readLoraAliases = async (
  folder: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Record<string, string>> => {
  const aliases: [path: string, alias: string][] = [];
  const files = paths.filter((path) => /\.safetensors$/i.test(path));
  for (let at = 0; at < files.length; at += AT_ONCE) {
    signal?.throwIfAborted();
    const some = files.slice(at, at + AT_ONCE);
    const read = await Promise.all(some.map(async (path) => [path, await readLoraAlias(join(folder, path))] as const));
    for (const [path, alias] of read) if (alias !== null) aliases.push([path, alias]);
  }
  return Object.fromEntries(aliases);
};
