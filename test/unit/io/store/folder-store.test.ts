/** A folder as a store. */
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryPath } from '#src/io/files/temporary-path.js';
import { openStore } from '#src/io/store/open-store.js';
import { testStore } from '../../../support/store-contract.js';

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

it('says what is in the way', async () => {
  const store = await openStore(folder);
  writeFileSync(join(folder, 'file'), '');
  await expect(store.write('file/x', new Uint8Array(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await store.write('folder/x', new Uint8Array(1));
  await expect(store.read('folder', { maxBytes: 1 })).rejects.toMatchObject({ code: 'STORE_DENIED' });
});
