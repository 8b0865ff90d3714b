import { existsSync, linkSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { link } from 'node:fs/promises';
import { join } from 'node:path';
import { linkIfAbsent, renameIfAbsent } from '#src/io/files/link-if-absent.js';
import { temporaryFolder } from '../../../support/run-cli.js';

/** A file system without hard links is rarely at hand: its answer stands in for it. */
const saying = (code: string) => (): Promise<void> => Promise.reject(Object.assign(new Error(code), { code }));
const files = (): [string, string] => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'from'), 'new');
  return [join(folder, 'from'), join(folder, 'to')];
};

describe.each<[string, (() => Promise<void>) | undefined]>([
  ['with hard links', undefined],
  ...['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].map(
    (code) => [`where they say ${code}`, saying(code)] as [string, () => Promise<void>],
  ),
])('placeNew %s', (_where, linkFile) => {
  it('places a file, and replaces none', async () => {
    const [from, to] = files();
    await linkIfAbsent(from, to, linkFile);
    expect(readFileSync(to, 'utf8')).toBe('new');
    writeFileSync(from, 'other');
    writeFileSync(to, 'old');
    await expect(linkIfAbsent(from, to, linkFile)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(to, 'utf8')).toBe('old');
  });
});

it('copies for no other reason', async () => {
  const [from, to] = files();
  await expect(linkIfAbsent(from, to, saying('EACCES'))).rejects.toMatchObject({ code: 'EACCES' });
});

describe.each<[string, (() => Promise<void>) | undefined]>([
  ['with hard links', undefined],
  ['without', saying('EPERM')],
  ['whose file system says something else', saying('EISDIR')],
])('renameNew %s', (_where, linkFile) => {
  it('moves a file, and replaces nothing, not even a broken link', async () => {
    const [from, to] = files();
    await renameIfAbsent(from, to, linkFile);
    expect([readFileSync(to, 'utf8'), existsSync(from)]).toEqual(['new', false]);
    writeFileSync(from, 'other');
    await expect(renameIfAbsent(from, to, linkFile)).rejects.toMatchObject({ code: 'EEXIST' });
    expect([readFileSync(to, 'utf8'), readFileSync(from, 'utf8')]).toEqual(['new', 'other']);
    rmSync(to);
    symlinkSync('nowhere', to);
    await expect(renameIfAbsent(from, to, linkFile)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readlinkSync(to)).toBe('nowhere');
  });
});

it('renameNew knows its own file, of which a server said that it was there', async () => {
  const [from, to] = files();
  const twice = async (one: string, other: string): Promise<void> => {
    linkSync(one, other);
    await saying('EEXIST')();
  };
  await renameIfAbsent(from, to, twice as typeof link);
  expect([readFileSync(to, 'utf8'), existsSync(from)]).toEqual(['new', false]);
});
