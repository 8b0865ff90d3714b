import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkManifest } from '#src/run/manifest/check-manifest.js';
import type { Manifest } from '#src/run/manifest/read-rows.js';
import { codeOf, collect, jsonl, manifestOf, messageOf } from './manifests.js';

const options = { prompt: 'p' };
const pictures = (...paths: string[]): Record<string, string> => Object.fromEntries(paths.map((path) => [path, '']));

const rowsOf = async (manifest: Manifest) => collect((await checkManifest(manifest)).read());

/** What each picture of a folder is refined to. */
const namesOf = async (paths: string[], more: Partial<Manifest> = {}): Promise<Record<string, string>> => {
  const manifest = manifestOf(pictures(...paths.map((path) => `in/${path}`)), {
    inputs: ['in'],
    recursive: true,
    options,
    ...more,
  });
  const rows = await rowsOf(manifest);
  return Object.fromEntries(
    rows.map((row) => [row.sourceText?.replace('in/', '') ?? '', 'output' in row ? row.output : row.error.code]),
  );
};

describe('rows of a folder of pictures', () => {
  it('are counted in the folder and have no line', async () => {
    const manifest = manifestOf(
      { ...pictures('in/2.png', 'in/10.jpg', 'in/sub/1.png', 'in/a.md'), 'm.jsonl': jsonl({ image: 'in/2.png' }) },
      { inputs: ['m.jsonl', 'in'], recursive: true, options },
    );
    const check = await checkManifest(manifest);
    expect(check).toMatchObject({ rows: 4, valid: 4, skipped: { files: 1, folders: 0, pictures: 0 } });
    expect(
      (await collect(check.read())).map((row) => [
        row.index,
        row.rowNumberPerFile,
        row.inputName,
        row.line,
        row.sourceText,
      ]),
    ).toEqual([
      [0, 0, 'm.jsonl', 1, 'in/2.png'],
      [1, 0, 'in', null, 'in/2.png'],
      [2, 1, 'in', null, 'in/10.jpg'],
      [3, 2, 'in', null, 'in/sub/1.png'],
    ]);
    const [, row] = await rowsOf(manifest);
    expect(row).toMatchObject({
      source: { kind: 'file', path: join(manifest.cwd, 'in/2.png') },
      settings: { prompt: 'p', seed: 77 },
      output: '2-2.png',
    });
    expect(row).not.toHaveProperty('stem');
  });

  it('keep their names and folders', async () => {
    expect(await namesOf(['cat.png', 'sub/cat.png', 'sub/deep/dog.v2.jpg', 'Sub2/CAT.gif'])).toEqual({
      'cat.png': 'cat.png',
      'sub/cat.png': 'sub/cat.png',
      'sub/deep/dog.v2.jpg': 'sub/deep/dog.v2.png',
      'Sub2/CAT.gif': 'Sub2/CAT.png',
    });
  });

  it('are not what a run wrote beside them', async () => {
    const files = ['cat.png', 'results.jsonl', 'results-1-of-4.jsonl', 'sdxl-refine.json'];
    const manifest = manifestOf(pictures(...files.map((name) => `in/${name}`)), { inputs: ['in'], options });
    expect(await checkManifest(manifest)).toMatchObject({ rows: 1, skipped: { files: 0 } });
  });

  it('beside a manifest are skipped only where no row names them', async () => {
    const rows = jsonl({ file_name: 'a.png', text: 'x' }, { file_name: 'sub\\b.png', text: 'x' });
    const files = { ...pictures('in/a.png', 'in/c.png', 'in/sub/b.png'), 'in/metadata.jsonl': rows };
    const read = (recursive: boolean) => checkManifest(manifestOf(files, { inputs: ['in'], recursive }));
    expect(await read(false)).toMatchObject({ rows: 2, skipped: { folders: 1, pictures: 1 } });
    expect(await read(true)).toMatchObject({ rows: 2, skipped: { folders: 0, pictures: 1 } });
  });

  it.each(['metadata.csv', 'metadata.parquet'])('with metadata in two formats are no input: %s', async (twin) => {
    const files = {
      ...pictures('in/train/a.png'),
      'in/train/metadata.jsonl': '{"file_name":"a.png","text":"x"}',
      [`in/train/${twin}`]: 'file_name,text\na.png,y\n',
    };
    for (const inputs of [['in'], ['in/train']]) {
      const read = checkManifest(manifestOf(files, { inputs }));
      await expect(read).rejects.toMatchObject({
        code: 'MANIFEST_UNREADABLE',
        message: expect.stringContaining(twin) as unknown,
      });
    }
  });

  it('of one stem are told apart by their extensions, whichever others come', async () => {
    const few = { 'cat.png': 'cat.png', 'cat.jpg': 'cat-jpg.png' };
    expect(await namesOf(['cat.png', 'cat.jpg'])).toEqual(few);
    expect(await namesOf(['cat.avif', 'cat.png', 'cat.jpg', 'a.png', 'cat.webp'])).toEqual({
      ...few,
      'cat.avif': 'cat-avif.png',
      'cat.webp': 'cat-webp.png',
      'a.png': 'a.png',
    });
    expect(await namesOf(['cat.webp', 'cat.JPG', 'sub/cat.jpg'])).toEqual({
      'cat.JPG': 'cat.png',
      'cat.webp': 'cat-webp.png',
      'sub/cat.jpg': 'sub/cat.png',
    });
  });

  it('get a number if all other names are taken', async () => {
    expect(await namesOf(['cat.png', 'cat.jpg', 'cat-jpg.png', 'Cat.png'])).toEqual({
      'Cat.png': 'Cat.png',
      'cat.png': 'cat-2.png',
      'cat.jpg': 'cat-jpg.png',
      'cat-jpg.png': 'cat-jpg-2.png',
    });
  });

  it('have names that every file system takes, inside the output folder', async () => {
    expect(await namesOf(['a:b/what?.png', 'con/aux.png', 'x.png/1.png', 'end. /2.png', '....png'])).toEqual({
      'a:b/what?.png': 'a_b/what_.png',
      'con/aux.png': '_con/_aux.png',
      'x.png/1.png': 'x_png/1.png',
      'end. /2.png': 'end/2.png',
    });
  });

  it('are the same at every reading, whatever happens in the folder', async () => {
    const manifest = manifestOf(pictures('in/1.png', 'in/2.png', 'in/2.jpg'), { inputs: ['in'], options });
    const check = await checkManifest(manifest);
    const before = await collect(check.read());
    writeFileSync(join(manifest.cwd, 'in/0.png'), '');
    writeFileSync(join(manifest.cwd, 'in/1.jpg'), '');
    rmSync(join(manifest.cwd, 'in/2.png'));
    expect(await collect(check.read())).toEqual(before);
  });

  it('may come from a folder that is called like a picture of its own', async () => {
    const manifest = manifestOf(pictures('data:image/1.png'), { inputs: ['data:image'], options });
    expect(await rowsOf(manifest)).toMatchObject([
      { source: { kind: 'file', path: join(manifest.cwd, 'data:image/1.png') }, sourceText: './data:image/1.png' },
    ]);
  });

  it('name their picture in messages', async () => {
    const manifest = manifestOf(pictures('in/sub/cat.png'), { inputs: ['in'], recursive: true });
    const [row] = await rowsOf(manifest);
    expect(codeOf(row!)).toBe('ROW_FIELD_MISSING');
    expect(messageOf(row!)).toMatch(
      /: give -p "what the picture shows", or write it into "cat\.txt" beside the picture \(in\/sub\/cat\.png\)$/,
    );
  });

  it('end the run if there are none, with the skipped files', async () => {
    const manifest = manifestOf(pictures('in/sub/cat.png', 'in/a.pdf'), { inputs: ['in', 'in/*.png'] });
    await expect(checkManifest(manifest)).rejects.toMatchObject({
      code: 'MANIFEST_EMPTY',
      message: expect.stringMatching(
        /^in has no pictures \(\.png .*\) and no manifests \(\.jsonl .*\); No file matches the pattern in\/\*\.png; 1 other file, 1 folder skipped \(--recursive enters folders\)$/,
      ) as unknown,
    });
  });
});

describe('the prompt', () => {
  const readFacts = (path: string) =>
    Promise.resolve({
      values: path.endsWith('plain.png') ? {} : { prompt: `metadata of ${path.split('/').at(-1)}`, seed: 9 },
      warnings: [],
    });
  const promptsOf = async (manifest: Manifest) =>
    (await rowsOf(manifest)).map((row) => ('error' in row ? row.error.code : row.settings.prompt));

  it('is the row’s, else the option’s, else the sidecar’s, else the picture’s own', async () => {
    const files = {
      ...pictures('in/1.png', 'in/2.png', 'in/plain.png'),
      'in/1.txt': 'sidecar\n',
      'm.csv': 'image,prompt\nin/1.png,row\nin/1.png,\nin/2.png,\nin/plain.png,\n',
    };
    const inputs = ['m.csv', 'in'];
    const own = ['sidecar', 'metadata of 2.png', 'ROW_FIELD_MISSING'];
    expect(await promptsOf(manifestOf(files, { inputs, readMetadata: readFacts }))).toEqual(['row', ...own, ...own]);
    expect(await promptsOf(manifestOf(files, { inputs, readMetadata: readFacts, options }))).toEqual(
      ['row', ...own, ...own].map((prompt) => (prompt === 'row' ? prompt : 'p')),
    );
    expect(await promptsOf(manifestOf(files, { inputs, readMetadata: readFacts, fromMetadata: [] }))).toEqual(
      ['row', ...own, ...own].map((prompt) => (prompt.startsWith('metadata') ? 'ROW_FIELD_MISSING' : prompt)),
    );
  });

  it('does not keep other settings of the picture from rows and options', async () => {
    const files = { ...pictures('1.png', '2.png'), 'm.jsonl': jsonl({ image: '1.png', seed: 3 }, { image: '2.png' }) };
    const manifest = manifestOf(files, {
      inputs: ['m.jsonl'],
      readMetadata: readFacts,
      options,
      fromMetadata: ['seed'],
    });
    expect((await rowsOf(manifest)).map(({ settings }) => settings.seed)).toEqual([3, 9]);
    const overruled = await rowsOf({ ...manifest, options: { ...options, seed: 5 } });
    expect(overruled.map(({ settings }) => settings.seed)).toEqual([3, 5]);
  });

  it('fails the row of a sidecar that cannot be read, and no other', async () => {
    const manifest = manifestOf(
      { ...pictures('in/1.png', 'in/2.png'), 'in/1.txt': Buffer.from([0xff]), 'in/2.txt': 'two' },
      { inputs: ['in'], readMetadata: readFacts },
    );
    const [bad, good] = await rowsOf(manifest);
    expect(codeOf(bad!)).toBe('ROW_FIELD_INVALID');
    expect(messageOf(bad!)).toMatch(
      /^Expected "[^"]*1\.txt" to be a prompt .*not UTF-8, as Windows-1252 "ÿ"; [^.]*\(in\/1\.png\)$/,
    );
    expect(good).toMatchObject({ settings: { prompt: 'two' } });
  });
});

describe('a folder of CSV files', () => {
  it('is read as the Azure batch endpoint reads it: rows counted in each file, named by it', async () => {
    const png = `iVBORw0KGgo${'A'.repeat(60)}`;
    const manifest = manifestOf(
      {
        'in/b.csv': `image,prompt\n${png},one\nhttps://example.org/dog.png,two\n`,
        'in/a.csv': 'image,prompt\npics/cat.png,three\n',
        'in/pics/cat.png': '',
      },
      { inputs: ['in'] },
    );
    const rows = await rowsOf(manifest);
    expect(rows.map((row) => [row.inputName, row.rowNumberPerFile, row.line, 'output' in row && row.output])).toEqual([
      ['a.csv', 0, 2, 'cat.png'],
      ['b.csv', 0, 2, 'row-000001.png'],
      ['b.csv', 1, 3, 'dog.png'],
    ]);
    expect(rows[0]).toMatchObject({ source: { kind: 'file', path: join(manifest.cwd, 'in/pics/cat.png') } });
    expect(rows[1]).toMatchObject({ source: { kind: 'inline' } });
  });

  it('ends the run when one of them goes away', async () => {
    const manifest = manifestOf(
      { 'in/a.csv': 'image,prompt\na.png,p\n', 'in/b.csv': 'image,prompt\nb.png,p\n' },
      { inputs: ['in'] },
    );
    const check = await checkManifest(manifest);
    appendFileSync(join(manifest.cwd, 'in/a.csv'), 'c.png,p\n');
    renameSync(join(manifest.cwd, 'in/b.csv'), join(manifest.cwd, 'in/c.csv'));
    await expect(collect(check.read())).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' });
  });
});
