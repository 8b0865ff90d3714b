import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeNew } from '#src/run/results/link-if-absent.js';
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
    await placeNew(from, to, linkFile);
    expect(readFileSync(to, 'utf8')).toBe('new');
    writeFileSync(from, 'other');
    writeFileSync(to, 'old');
    await expect(placeNew(from, to, linkFile)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(to, 'utf8')).toBe('old');
  });
});

it('copies for no other reason', async () => {
  const [from, to] = files();
  await expect(placeNew(from, to, saying('EACCES'))).rejects.toMatchObject({ code: 'EACCES' });
});
