/** A folder as a store. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryPath } from '#src/io/files/temporary-path.js';
import { openStore } from '#src/io/store/open-store.js';
import { namesOf, testStore } from '../../../support/store-contract.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

testStore(() => openStore(join(folder, 'made by the first write')));

it('leaves no temporary file, and lists none of a killed writer', async () => {
  const store = await openStore(folder);
  await store.writeNew('a', new Uint8Array(10));
  await store.writeNew('a', new Uint8Array(10));
  await store.write('a', new Uint8Array(10));
  expect(readdirSync(folder)).toEqual(['a']);
  writeFileSync(temporaryPath(join(folder, 'b')), 'half');
  const listed: unknown[] = [];
  for await (const object of store.list('')) listed.push(object);
  expect(listed).toEqual([{ name: 'a', size: 10 }]);
});

it('passes over links in a listing, and does not write through one', async () => {
  const store = await openStore(folder);
  symlinkSync('/nowhere', join(folder, 'link'));
  expect(await store.writeNew('link', new Uint8Array(1))).toBe(false);
  const listed: unknown[] = [];
  for await (const object of store.list('')) listed.push(object);
  expect(listed).toEqual([]);
});

it('writes and removes nothing through a link to another folder, which may be the store itself', async () => {
  mkdirSync(join(folder, 'home'));
  writeFileSync(join(folder, 'home/x'), 'mine');
  mkdirSync(join(folder, 'store'));
  symlinkSync(join(folder, 'home'), join(folder, 'store/pictures'));
  const store = await openStore(join(folder, 'store'));
  const refused = { code: 'STORE_DENIED', message: expect.stringMatching(/pictures to be no symbolic link/) as string };
  await expect(store.writeNew('pictures/a', new Uint8Array(1))).rejects.toMatchObject(refused);
  await expect(store.write('pictures/x', new Uint8Array(1))).rejects.toMatchObject(refused);
  await expect(store.writeFile('pictures/x', join(folder, 'home/x'), '')).rejects.toMatchObject(refused);
  await expect(store.remove('pictures/x')).rejects.toMatchObject(refused);
  expect(await namesOf(store, 'pictures/')).toEqual([]);
  symlinkSync(join(folder, 'home'), join(folder, 'linked'));
  const linked = await openStore(join(folder, 'linked'));
  expect(await linked.writeNew('a', new Uint8Array(1))).toBe(true);
  expect(readdirSync(join(folder, 'home')).sort()).toEqual(['a', 'x']);
});

it('reads only the folder of a prefix, and removes it with its last file', async () => {
  const store = await openStore(folder);
  await store.write('parts/1/a', new Uint8Array(1));
  /* It cannot be listed. */
  symlinkSync('/', join(folder, 'parts/2'));
  expect(await namesOf(store, 'parts/1/')).toEqual(['parts/1/a']);
  expect([await namesOf(store, 'parts/2/'), await namesOf(store, 'parts/../parts/1/')]).toEqual([[], []]);
  await store.remove('parts/1/a');
  expect(readdirSync(join(folder, 'parts'))).toEqual(['2']);
});

it('keeps what is written while another removes the last file beside it', async () => {
  const stores = await Promise.all([1, 2].map(() => openStore(folder)));
  for (let round = 0; round < 30; round++) {
    await stores[0]!.write('parts/1/a', new Uint8Array(1));
    await Promise.all([stores[0]!.remove('parts/1/a'), stores[1]!.write('parts/1/b', new Uint8Array(1))]);
    expect(await namesOf(stores[0]!, 'parts/')).toEqual(['parts/1/b']);
    await stores[0]!.remove('parts/1/b');
  }
});

it('removes what writers left that were killed a day ago', async () => {
  const [old, young] = [temporaryPath(join(folder, 'b')), temporaryPath(join(folder, 'c'))];
  for (const path of [old, young]) writeFileSync(path, 'half');
  const dayAgo = Date.now() / 1000 - 25 * 3600;
  utimesSync(old, dayAgo, dayAgo);
  const store = await openStore(folder);
  await store.write('a', new Uint8Array(1));
  expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
});

it('a file in the place of a folder is an error where something is to be written', async () => {
  const store = await openStore(folder);
  writeFileSync(join(folder, 'file'), '');
  await expect(store.write('file/x', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

it('a folder is no object, and there is none below a file, as in object storage', async () => {
  const store = await openStore(folder);
  await store.write('a/b', new Uint8Array(3));
  expect([await store.has('a'), await store.stat('a')]).toEqual([false, null]);
  expect([await store.has('a/b/c'), await store.stat('a/b/c')]).toEqual([false, null]);
  for (const name of ['a', 'a/b/c']) {
    const missing = { code: 'STORE_MISSING', message: expect.stringContaining(name) as string };
    await expect(store.read(name, { maxBytes: 1 })).rejects.toMatchObject(missing);
    await expect(store.stream(name)[Symbol.asyncIterator]().next()).rejects.toMatchObject(missing);
  }
  expect(await store.has('a/b')).toBe(true);
});
