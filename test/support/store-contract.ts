/** What every store promises, as tests: run on a folder and on each kind of object storage. */
import { createHash } from 'node:crypto';
import type { Store } from '#src/io/store/store.js';
import { skipWhere } from './skip-where.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (data: Uint8Array): string => new TextDecoder().decode(data);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export const namesOf = async (store: Store, prefix: string): Promise<string[]> => {
  const names: string[] = [];
  for await (const { name } of store.list(prefix)) names.push(name);
  return names;
};

const MAX = { maxBytes: 1000 };
/** Spaces, unicode, what URLs escape, and what programs take for escapes. */
const ODD_NAMES = ['with space.png', 'été 猫 🐈.png', 'a+b%20c&d=e.png', "it's #1?.png", 'folder.with.dots/~x'];

export interface Traits {
  /** Whether the emulator refuses a second conditional write. */
  hasConditions?: boolean;
  /** Whether listings are in the order of UTF-8 bytes. */
  isByteOrder?: boolean;
  /** Whether names with other characters than letters and digits can be written. */
  hasOddNames?: boolean;
}

/** @param open a store without objects, called once for each test */
export const testStore = (
  open: () => Promise<Store>,
  { hasConditions = true, hasOddNames = true, isByteOrder = true }: Traits = {},
): void => {
  const { it: itConditional } = skipWhere(hasConditions ? null : 'this store’s emulator ignores conditions');
  it('has what was written, with its size and digest', async () => {
    const store = await open();
    expect([await store.stat('a/b.txt'), await store.has('a/b.txt')]).toEqual([null, false]);
    expect(await store.writeNew('a/b.txt', bytes('one'))).toBe(true);
    expect(await store.has('a/b.txt')).toBe(true);
    expect(await store.stat('a/b.txt')).toEqual({ size: 3, sha256: sha256('one') });
    expect(textOf(await store.read('a/b.txt', MAX))).toBe('one');
  });

  itConditional('never replaces with writeNew, and replaces with write', async () => {
    const store = await open();
    expect(await store.writeNew('x', bytes('one'))).toBe(true);
    expect(await store.writeNew('x', bytes('two'))).toBe(false);
    expect(textOf(await store.read('x', MAX))).toBe('one');
    await store.write('x', bytes('three'));
    expect(await store.stat('x')).toEqual({ size: 5, sha256: sha256('three') });
  });

  itConditional('lets one of many writers of a name win', async () => {
    const store = await open();
    const writers = Array.from({ length: 12 }, (_, at) => `writer ${at}`);
    const wins = await Promise.all(writers.map((text) => store.writeNew('one', bytes(text))));
    expect(wins.filter(Boolean)).toHaveLength(1);
    expect(textOf(await store.read('one', MAX))).toBe(writers[wins.indexOf(true)]);
  });

  it('keeps an empty object', async () => {
    const store = await open();
    expect(await store.writeNew('empty', new Uint8Array())).toBe(true);
    expect(await store.stat('empty')).toEqual({ size: 0, sha256: sha256('') });
    expect(await store.read('empty', MAX)).toHaveLength(0);
  });

  it('refuses an object that is too large, or is not there', async () => {
    const store = await open();
    await store.write('big', new Uint8Array(1001));
    await expect(store.read('big', MAX)).rejects.toMatchObject({ code: 'STORE_TOO_LARGE' });
    await expect(store.read('none', MAX)).rejects.toMatchObject({ code: 'STORE_MISSING' });
    await expect(store.stream('none')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'STORE_MISSING' });
  });

  it('streams an object of any size', async () => {
    const store = await open();
    const data = new Uint8Array(3 * 2 ** 20 + 7).map((_, at) => (at * 7) % 251);
    await store.write('large', data);
    const hash = createHash('sha256');
    let chunks = 0;
    for await (const chunk of store.stream('large')) {
      hash.update(chunk);
      chunks++;
    }
    expect(chunks).toBeGreaterThan(1);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
  });

  it('lists by prefix, in the order of bytes', async () => {
    const store = await open();
    const names = [
      'a/2',
      'a/10',
      'a.txt',
      'a/b/c',
      'ab',
      'b/x',
      'Z',
      ...(hasOddNames ? ['é', '\u{ff5e}', '\u{1f408}'] : []),
    ];
    for (const name of names) await store.write(name, bytes(name));
    const inOrder = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await namesOf(store, '')).toEqual(isByteOrder ? inOrder : expect.arrayContaining(names));
    expect(await namesOf(store, 'a/')).toEqual(['a/10', 'a/2', 'a/b/c']);
    expect(await namesOf(store, 'a')).toEqual(['a.txt', 'a/10', 'a/2', 'a/b/c', 'ab']);
    expect(await namesOf(store, 'none/')).toEqual([]);
  });

  it('removes, and does nothing where nothing is', async () => {
    const store = await open();
    await store.write('gone', bytes('x'));
    await store.remove('gone');
    await store.remove('gone');
    expect(await store.stat('gone')).toBeNull();
  });

  const { it: itNamed } = skipWhere(hasOddNames ? null : 'this store’s emulator escapes names twice');
  itNamed.each(ODD_NAMES)('keeps the name %s', async (name) => {
    const store = await open();
    expect(await store.writeNew(name, bytes(name))).toBe(true);
    expect(await store.writeNew(name, bytes('other'))).toBe(false);
    expect(textOf(await store.read(name, MAX))).toBe(name);
    expect(await namesOf(store, '')).toEqual([name]);
  });

  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    './x',
    'a//b',
    'a/',
    'a\\b',
    'line\nbreak',
    'nul\0',
    '\ud800',
    'x'.repeat(1025),
  ])('refuses the name %j', async (name) => {
    const store = await open();
    const refused = expect.objectContaining({ code: 'STORE_URI_INVALID' });
    await expect(store.writeNew(name, bytes('x'))).rejects.toEqual(refused);
    await expect(store.write(name, bytes('x'))).rejects.toEqual(refused);
    await expect(store.read(name, MAX)).rejects.toEqual(refused);
    await expect(store.stat(name)).rejects.toEqual(refused);
    await expect(store.has(name)).rejects.toEqual(refused);
    await expect(store.remove(name)).rejects.toEqual(refused);
    await expect(store.stream(name)[Symbol.asyncIterator]().next()).rejects.toEqual(refused);
  });

  it('stops reading when asked', async () => {
    const store = await open();
    await store.write('x', new Uint8Array(100));
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(store.read('x', { ...MAX, signal })).rejects.toThrow('stopped');
    await expect(store.stream('x', { signal })[Symbol.asyncIterator]().next()).rejects.toThrow('stopped');
  });
};
