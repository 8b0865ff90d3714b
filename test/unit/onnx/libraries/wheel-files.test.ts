/** Wheels as files: brought by hand, damaged, removed. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listAdded, removeAdded } from '#src/onnx/libraries/added-wheels.js';
import { fakePackageIndex } from '../../../support/fake-package-index.js';
import { makeWheel, type MadeWheel } from '../../../support/make-wheel.js';
import { temporaryFolder } from '../../../support/run-cli.js';
import { errorOf, first, library, other, wheels, WHOLE, withIndex } from '../../../support/with-package-index.js';

/** Any bytes, under their own digest. */
const asWheel = (content: Buffer): MadeWheel => ({
  ...makeWheel('nvidia-bad', [first]),
  content,
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});

describe('wheels brought by hand', () => {
  const bring = (...made: readonly MadeWheel[]): string => {
    const from = temporaryFolder();
    for (const { file, content } of made) writeFileSync(join(from, file), content);
    return from;
  };

  it('are unpacked and stay where they are; nothing is asked for', async () => {
    await withIndex(async ({ add, files, fake }) => {
      const from = bring(...wheels);
      await add({ from });
      expect(files()).toEqual(WHOLE);
      expect(readdirSync(from)).toHaveLength(2);
      expect(fake.seen).toEqual([]);
    });
  });

  it('must all be there, before any is unpacked', async () => {
    await withIndex(async ({ add, files }) => {
      const { message } = await errorOf(add({ from: bring(wheels[0]!) }));
      expect(message).toMatch(
        /^Expected these 2 wheels .*; 1 of them not there: nvidia_second-1\.0-py3-none-any\.whl\./,
      );
      expect(files()).toEqual([]);
    });
  });

  it('must be what the table lists', async () => {
    await withIndex(async ({ add, files }) => {
      const from = bring(wheels[0]!, { ...wheels[1]!, content: Buffer.from('short') });
      expect((await errorOf(add({ from }))).message).toMatch(
        /nvidia_second.* is not the file that .* lists \(5 bytes, .*Download it again/,
      );
      expect(files()).toEqual(WHOLE.slice(0, 2));
    });
  });
});

it.each([
  ['lacks a file', makeWheel('nvidia-bad', [other], { taken: [first] }), /has no nvidia\/lib\/libfirst/],
  [
    'has a longer file',
    makeWheel('nvidia-bad', [library('libfirst.so.13', 6000)], { taken: [first] }),
    /has 6000 bytes/,
  ],
  [
    'tells a wrong size',
    makeWheel('nvidia-bad', [{ ...library('libfirst.so.13', 9000), toldSize: 5000 }], { taken: [first] }),
    /cannot be unpacked/,
  ],
  ['is no zip', asWheel(randomBytes(400)), /cannot be unpacked: .*end of central directory/i],
])('a wheel that %s leaves nothing', async (_, wheel, reason) => {
  await withIndex(
    async ({ add, files }) => {
      const { code, message } = await errorOf(add({}, [wheel]));
      expect(code).toBe('LIBRARY_DOWNLOAD_FAILED');
      expect(message).toMatch(reason);
      expect(files().filter((name) => !name.startsWith('downloads/'))).toEqual([]);
    },
    { fake: fakePackageIndex([wheel]) },
  );
});

describe('removal', () => {
  it('takes what was added, whole or not, and no other file', async () => {
    await withIndex(async ({ add, libraries, files }) => {
      await add();
      const mine = join(libraries, 'nvidia-first-1.0', 'mine.txt');
      writeFileSync(mine, 'mine');
      writeFileSync(join(libraries, 'note.txt'), 'mine too');
      mkdirSync(join(libraries, 'downloads'));
      writeFileSync(join(libraries, 'downloads', `${'0'.repeat(64)}.host-1.incomplete`), 'half');
      mkdirSync(join(libraries, 'nvidia-third-1.0.partial'));
      writeFileSync(join(libraries, 'nvidia-third-1.0.partial', 'libthird.so'), 'half');
      const added = await listAdded(libraries);
      expect(added.map(({ project }) => project)).toEqual(['nvidia-first', 'nvidia-second']);
      expect(await removeAdded(libraries, added)).toEqual([join(libraries, 'nvidia-first-1.0.removed')]);
      expect(files()).toEqual(['nvidia-first-1.0.removed/mine.txt']);
      expect(readdirSync(libraries).sort()).toEqual(['nvidia-first-1.0.removed', 'note.txt'].sort());
      expect(existsSync(mine)).toBe(false);
    });
  });

  it('a note that leads out of its folder is no note', async () => {
    const libraries = temporaryFolder();
    mkdirSync(join(libraries, 'evil-1'));
    const files = [{ name: '../victim', bytes: 1 }];
    writeFileSync(
      join(libraries, 'evil-1', 'wheel.json'),
      JSON.stringify({ project: 'evil', version: '1', sha256: '', files }),
    );
    expect(await listAdded(libraries)).toEqual([]);
  });
});
