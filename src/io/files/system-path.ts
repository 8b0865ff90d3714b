/**
 * Converts file names that are not UTF-8 to text and back, without loss. An undecodable byte becomes a lone surrogate, U+DC80
 * to U+DCFF, as in Python (PEP 383); no decodable name has one.
 */
import { isUtf8 } from 'node:buffer';
import { readdir, realpath } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import { platform } from 'node:process';

const FIRST = 0xdc00;
const SURROGATE = /(?<![\ud800-\udbff])[\udc80-\udcff]/;
/** Node's replacement for bytes that are not UTF-8. */
const REPLACED = '\ufffd';

/** Text of a name that the system returned as bytes. */
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

/** Bytes of the character that begins at `at`; 0 if none does. */
const characterLength = (bytes: Buffer, at: number): number => {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const character = bytes.subarray(at, at + length);
  return character.length === length && isUtf8(character) ? length : 0;
};

/** Whether a file can have this path: only whole characters and undecodable bytes. */
export const isNameable = (path: string): boolean => path.replace(new RegExp(SURROGATE, 'g'), '').isWellFormed();

/** A path for Node's functions. Windows names are 16-bit units, which may be lone surrogates. */
export const systemPath = (path: string): string | Buffer => {
  if (platform === 'win32' || !SURROGATE.test(path)) return path;
  const parts = path.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/);
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - FIRST) : Buffer.from(part))),
  );
};

/** The path with links resolved, as text. @throws the system's error */
export const realPath = async (path: string): Promise<string> =>
  nameOfBytes(await realpath(systemPath(path), 'buffer'));

/** Whether a path may have lost bytes: Node replaces undecodable bytes of command-line arguments. */
export const hasLostBytes = (path: string): boolean => path.includes(REPLACED);

/** Existing paths that a path with lost bytes may mean: those that decode to it. @param path absolute */
export const findLostNames = async (path: string): Promise<string[]> => {
  const { root } = parse(path);
  let candidates = [root];
  for (const segment of path.slice(root.length).split(sep)) {
    candidates = (await Promise.all(candidates.map((folder) => namesLike(folder, segment)))).flat();
  }
  return candidates;
};

const namesLike = async (folder: string, segment: string): Promise<string[]> => {
  if (!hasLostBytes(segment)) return [join(folder, segment)];
  const names = await readdir(systemPath(folder), { encoding: 'buffer' }).catch((): Buffer[] => []);
  return names.filter((name) => name.toString('utf8') === segment).map((name) => join(folder, nameOfBytes(name)));
};
