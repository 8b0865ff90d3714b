import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefineError } from '#src/errors.js';
import { writeAtomically } from '#src/run/results/write-atomically.js';
import { folder } from './records.js';

describe('writeAtomically', () => {
  it('writes bytes, text and streams, into folders that it makes, over what was there', async () => {
    const path = join(folder(), 'a/b/out.png');
    await writeAtomically(path, Buffer.from([1, 2, 255]));
    expect([...readFileSync(path)]).toEqual([1, 2, 255]);
    await writeAtomically(path, 'é');
    expect(readFileSync(path, 'utf8')).toBe('é');
    async function* parts() {
      yield await Promise.resolve('one\n');
      expect(readFileSync(path, 'utf8')).toBe('é');
      yield 'two\n';
    }
    await writeAtomically(path, parts());
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(readdirSync(join(path, '..'))).toEqual(['out.png']);
  });

  it('takes the longest file name there is', async () => {
    const name = `${'x'.repeat(251)}.png`;
    const into = folder();
    await writeAtomically(join(into, name), 'x');
    expect(readdirSync(into)).toEqual([name]);
  });

  it('leaves the old file and nothing beside it when the data break off, and hands that error on', async () => {
    const into = folder();
    const path = join(into, 'out.csv');
    writeFileSync(path, 'old');
    async function* broken() {
      yield await Promise.resolve('new');
      throw new RefineError('MANIFEST_UNREADABLE', 'gone');
    }
    await expect(writeAtomically(path, broken())).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      message: 'gone',
    });
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(into)).toEqual(['out.csv']);
  });

  it('says where it cannot write, and leaves nothing beside', async () => {
    const into = folder();
    mkdirSync(join(into, 'taken.png/inside'), { recursive: true });
    await expect(writeAtomically(join(into, 'taken.png'), 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      context: { path: join(into, 'taken.png') },
      message: expect.stringContaining(`Could not write ${join(into, 'taken.png')}`) as string,
    });
    expect(readdirSync(into)).toEqual(['taken.png']);
    writeFileSync(join(into, 'file'), '');
    await expect(writeAtomically(join(into, 'file/out.png'), 'x')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await expect(writeAtomically(join(into, `${'x'.repeat(300)}.png`), 'x')).rejects.toThrow(/the name is too long/);
    expect(readdirSync(into).sort()).toEqual(['file', 'taken.png']);
  });
});
