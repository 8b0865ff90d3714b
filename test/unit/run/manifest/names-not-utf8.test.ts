/** Names that are not UTF-8, as a disk of another time or system has them: read by their bytes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkManifest } from '#src/run/manifest/check-manifest.js';
import type { Manifest } from '#src/run/manifest/read-rows.js';
import { readPictureMetadata } from '#src/app/cli/options/metadata-values.js';
import { readPictureHeader } from '#src/media/image/read-header.js';
import { readSource } from '#src/media/image/read-source.js';
import type { PictureSource } from '#src/records/picture.js';
import type { Row } from '#src/records/row.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { pngHeader } from '../../media/image/pictures.js';
import { collect, folder, manifestOf } from './manifests.js';

const PNG = pngHeader(8, 8);

/** @param names in latin1, so that `\xe9` is that byte */
const folderOf = (...names: readonly string[]): string => {
  const cwd = folder();
  for (const name of names) {
    const parts = name.split('/');
    for (const [at] of parts.slice(1).entries()) {
      mkdirSync(Buffer.from(join(cwd, ...parts.slice(0, at + 1)), 'latin1'), { recursive: true });
    }
    writeFileSync(Buffer.from(join(cwd, name), 'latin1'), name.endsWith('.png') ? PNG : 'a prompt beside it');
  }
  return cwd;
};

const rowsOf = async (cwd: string, ...inputs: string[]) => {
  const more: Partial<Manifest> = { cwd, inputs, recursive: true };
  const rows = await collect((await checkManifest(manifestOf({}, more))).read());
  return rows.map((row) => {
    if ('error' in row) throw new Error(row.error.message);
    return row;
  });
};

const fileOf = ({ source }: Pick<Row, 'source'>): PictureSource & { kind: 'file' } => {
  if (source.kind !== 'file') throw new Error(source.kind);
  return source;
};

itOnLinux('each picture of a folder is a row of its own, with its prompt, and can be opened', async () => {
  const names = ['caf\xe9.png', 'caf\xe8.png', 'd\xe9j\xe0/vu.png', 'd\xe9j\xe0/\x80\xff.png', 'plain.png'];
  const cwd = folderOf(
    ...names.map((name) => `in/${name}`),
    ...names.map((name) => `in/${name.replace('png', 'txt')}`),
  );
  const rows = await rowsOf(cwd, 'in');
  expect(rows.map(({ output }) => output).sort()).toEqual([
    'caf_-2.png',
    'caf_.png',
    'd_j_/__.png',
    'd_j_/vu.png',
    'plain.png',
  ]);
  for (const row of rows) {
    expect(row.settings.prompt).toBe('a prompt beside it');
    expect(Buffer.from(await readSource(fileOf(row)))).toEqual(PNG);
    expect(await readPictureHeader(fileOf(row), 'it')).toMatchObject({ width: 8, height: 8 });
    expect(await readPictureMetadata(fileOf(row).path)).toEqual({
      values: {},
      warnings: ['The PNG is truncated inside a chunk.'],
    });
  }
});

itOnLinux('an argument of the command line means what is there', async () => {
  const cwd = folderOf(
    'caf\xe9.png',
    'd\xe9j\xe0/vu.png',
    'l\xe9.png',
    'l\xe8.png',
    'caf\xe9.txt',
    'd\xe9j\xe0/vu.txt',
  );
  for (const [input, output] of [
    ['caf\ufffd.png', 'caf_.png'],
    ['d\ufffdj\ufffd', 'vu.png'],
    ['d\ufffdj\ufffd/vu.png', 'vu.png'],
  ] as const) {
    const [row] = await rowsOf(cwd, input);
    expect(row).toMatchObject({ output });
    expect(Buffer.from(await readSource(fileOf(row!)))).toEqual(PNG);
  }
  await expect(rowsOf(cwd, 'l\ufffd.png')).rejects.toMatchObject({
    code: 'MANIFEST_UNREADABLE',
    message: expect.stringMatching(/2 files match this name, which is not UTF-8.*convmv/),
  });
  await expect(rowsOf(cwd, 'no\ufffd.png')).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' });
});

itOnLinux('a manifest that Python wrote names such files', async () => {
  const cwd = folderOf('caf\xe9.png');
  writeFileSync(join(cwd, 'rows.jsonl'), '{"image": "caf\\udce9.png", "prompt": "p"}\n');
  const [row] = await rowsOf(cwd, 'rows.jsonl');
  expect(Buffer.from(await readSource(fileOf(row!)))).toEqual(PNG);
});
