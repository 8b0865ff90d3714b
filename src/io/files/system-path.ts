/**
 * Names of files that are not UTF-8, as text and back. A byte that is no UTF-8 is a lone surrogate, U+DC80 to U+DCFF, as
 * Python has it (PEP 383): no other name has one, and nothing is lost.
 */
import { isUtf8 } from 'node:buffer';
import { readdir, realpath } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import { platform } from 'node:process';

const FIRST = 0xdc00;
const SURROGATE = /(?<![\ud800-\udbff])[\udc80-\udcff]/;
/** What Node writes for bytes that are no UTF-8, where it is not asked for bytes. */
const REPLACED = '\ufffd';

/** A name as the system has it. */
export const nameOfBytes = (bytes: Buffer): string => {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    name += length === 0 ? String.fromCharCode(FIRST + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return name;
};

/** Bytes of the character that begins here; 0: none does. */
const characterLength = (bytes: Buffer, at: number): number => {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const character = bytes.subarray(at, at + length);
  return character.length === length && isUtf8(character) ? length : 0;
};

/** Whether a path is of whole characters and of such bytes alone, so that a file may be called so. */
export const isNameable = (path: string): boolean => path.replace(new RegExp(SURROGATE, 'g'), '').isWellFormed();

/** A path for Node's functions. Windows has names of 16-bit units, which may be surrogates themselves. */
export const systemPath = (path: string): string | Buffer => {
  if (platform === 'win32' || !SURROGATE.test(path)) return path;
  const parts = path.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/);
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - FIRST) : Buffer.from(part))),
  );
};

/** The path without links, as text. @throws what the system says */
export const realPath = async (path: string): Promise<string> =>
  nameOfBytes(await realpath(systemPath(path), 'buffer'));

/** Whether a path may be one whose bytes were lost: Node decodes arguments of the command line, and what it cannot decode it replaces. */
export const hasLostBytes = (path: string): boolean => path.includes(REPLACED);

/** What paths with lost bytes may mean: those that are there and read the same. @param path absolute */
export const findLostNames = async (path: string): Promise<string[]> => {
  const { root } = parse(path);
  let found = [root];
  for (const segment of path.slice(root.length).split(sep)) {
    found = (await Promise.all(found.map((folder) => namesLike(folder, segment)))).flat();
  }
  return found;
};

const namesLike = async (folder: string, segment: string): Promise<string[]> => {
  if (!hasLostBytes(segment)) return [join(folder, segment)];
  const names = await readdir(systemPath(folder), { encoding: 'buffer' }).catch((): Buffer[] => []);
  return names.filter((name) => name.toString('utf8') === segment).map((name) => join(folder, nameOfBytes(name)));
};
