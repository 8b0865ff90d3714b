import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { findInputs, type InputOptions } from '#src/run/manifest/inputs/find-inputs.js';
import { skippedText } from '#src/run/manifest/inputs/skipped-files.js';
import { manifestOf } from '../manifests.js';

/** A folder with these empty files. */
const folderOf = (...paths: string[]): string => manifestOf(Object.fromEntries(paths.map((path) => [path, '']))).cwd;

const find = (cwd: string, inputs: string[], places: Partial<InputOptions> = {}) =>
  findInputs(inputs, { cwd, ...places });

/** Paths of the pictures, or of the manifests, from the working directory. */
const found = async (cwd: string, inputs: string[], places: Partial<InputOptions> = {}): Promise<string[]> =>
  (await find(cwd, inputs, places)).inputs.flatMap((input) =>
    input.kind === 'pictures' ? input.paths.map((path) => join(input.folder, path)) : [relative(cwd, input.path)],
  );

describe('a folder of pictures', () => {
  it('is its pictures in natural order, the rest counted', async () => {
    const cwd = folderOf(
      ...['10.png', '2.JPG', '1.jpeg', '3.webp', '4.tif', '5.tiff', '6.avif', '7.gif'].map((name) => `in/${name}`),
      ...['notes.txt', 'model.safetensors', 'a.psd', 'noise', '1.txt', 'sub/8.png'].map((name) => `in/${name}`),
      ...[
        'in/.hidden.png',
        'in/.DS_Store',
        'in/.git/1.png',
        'in/results.jsonl',
        'in/sdxl-refine.yaml',
        'in/.sdxl-refine-1-ab.tmp',
      ],
    );
    const { inputs, skipped } = await find(cwd, ['in']);
    const paths = ['1.jpeg', '2.JPG', '3.webp', '4.tif', '5.tiff', '6.avif', '7.gif', '10.png'];
    expect(inputs).toEqual([{ kind: 'pictures', name: 'in', folder: 'in', paths }]);
    expect(skipped).toEqual({ files: 3, folders: 1, pictures: 0, unread: { '.psd': 1 } });
    expect(skippedText(skipped)).toBe(
      '3 other files, 1 folder, 1 .psd skipped (--recursive enters folders; .psd pictures are not supported: save them as PNG, JPEG, WebP, TIFF or AVIF)',
    );
  });

  it('is read with its sub folders if asked', async () => {
    const cwd = folderOf('in/b/10.png', 'in/b/2.png', 'in/a.png', 'in/b/c/d/1.gif', 'in/b/notes.md', 'in/.x/1.png');
    const { inputs, skipped } = await find(cwd, ['./in/'], { recursive: true });
    expect(inputs).toMatchObject([{ name: 'in', paths: ['a.png', 'b/2.png', 'b/10.png', 'b/c/d/1.gif'] }]);
    expect(skipped).toEqual({ files: 1, folders: 0, pictures: 0 });
  });

  it.each(['.', '../{cwd}', '{cwd-absolute}'])('may be %s', async (input) => {
    const cwd = folderOf('1.png');
    const text = input.replace('{cwd-absolute}', cwd).replace('{cwd}', basename(cwd));
    expect((await find(cwd, [text])).inputs).toEqual([
      { kind: 'pictures', name: basename(cwd), folder: text, paths: ['1.png'] },
    ]);
  });

  it('is read without the run’s own output folder', async () => {
    const cwd = folderOf('in/1.png', 'in/out (1)/1.png', 'in/out (1)/deep/2.png', 'in/out/3.png');
    const places = { recursive: true, outputFolder: join(cwd, 'in/out (1)') };
    expect(await found(cwd, ['in'], places)).toEqual(['in/1.png', 'in/out/3.png']);
    expect(await found(cwd, ['in/**/*.png'], places)).toEqual(['in/1.png', 'in/out/3.png']);
    expect(await find(cwd, ['in'], { outputFolder: join(cwd, 'in/out') })).toMatchObject({ skipped: { folders: 1 } });
    symlinkSync(join(cwd, 'in'), join(cwd, 'linked'));
    expect(await found(cwd, ['linked'], places)).toEqual(['linked/1.png', 'linked/out/3.png']);
  });

  it('cannot be the output folder, but may be inside it', async () => {
    const cwd = folderOf('in/1.png', 'rows/m.csv', 'in/sub/2.png');
    const conflict = { code: 'USAGE_CONFLICT', message: expect.stringContaining('--output-dir') as string };
    await expect(find(cwd, ['in'], { outputFolder: join(cwd, 'in') })).rejects.toMatchObject(conflict);
    await expect(find(cwd, ['in/*.png'], { outputFolder: join(cwd, 'in') })).rejects.toMatchObject(conflict);
    expect(await found(cwd, ['in/sub'], { outputFolder: join(cwd, 'in') })).toEqual(['in/sub/2.png']);
    expect(await found(cwd, ['rows'], { outputFolder: join(cwd, 'rows') })).toEqual(['rows/m.csv']);
  });

  it('reads links to files, and does not enter links to folders, so that no loop holds it', async () => {
    const cwd = folderOf('in/1.png', 'in/sub/2.png', 'elsewhere/3.png');
    symlinkSync(join(cwd, 'elsewhere/3.png'), join(cwd, 'in/3.png'));
    symlinkSync(join(cwd, 'gone.png'), join(cwd, 'in/4.png'));
    symlinkSync('..', join(cwd, 'in/sub/loop'));
    symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'in/linked'));
    const expected = ['in/1.png', 'in/3.png', 'in/4.png', 'in/sub/2.png'];
    expect(await found(cwd, ['in'], { recursive: true })).toEqual(expected);
    expect(await found(cwd, ['in/**'])).toEqual(expected);
    expect((await find(cwd, ['in'], { recursive: true })).skipped).toEqual({ files: 0, folders: 2, pictures: 0 });
  });

  it('ends the run where a sub folder cannot be read', async () => {
    const cwd = folderOf('in/1.png', 'in/closed/2.png');
    chmodSync(join(cwd, 'in/closed'), 0);
    const looking = find(cwd, ['in'], { recursive: true });
    // Root may read everything.
    if (process.getuid?.() === 0) expect((await looking).inputs).toHaveLength(1);
    else await expect(looking).rejects.toMatchObject({ code: 'MANIFEST_UNREADABLE' });
    chmodSync(join(cwd, 'in/closed'), 0o700);
  });

  it('stops when the run is stopped', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(find(folderOf('in/1.png'), ['in'], { signal })).rejects.toThrow('stopped');
  });
});

describe('a picture', () => {
  it('is an input of its own, as shells expand globs', async () => {
    const cwd = folderOf('a/1.png', 'b [x].JPG');
    expect((await find(cwd, ['a/1.png', 'b [x].JPG'])).inputs).toEqual([
      { kind: 'pictures', name: '1.png', folder: 'a', paths: ['1.png'] },
      { kind: 'pictures', name: 'b [x].JPG', folder: '.', paths: ['b [x].JPG'] },
    ]);
  });
});

describe('a glob', () => {
  const cwd = folderOf(
    'in/1.png',
    'in/2.jpg',
    'in/10.png',
    'in/sub/3.png',
    'in/a.txt',
    'in [x]/4.png',
    'in/sub/5.png/6.png',
  );

  it.each([
    ['in/*.png', 'in', ['1.png', '10.png']],
    ['in/*.{png,jpg}', 'in', ['1.png', '2.jpg', '10.png']],
    ['in/**/[35].png', 'in', ['sub/3.png']],
    ['in/s*/*.png', 'in', ['sub/3.png']],
    ['*/1.png', '', ['in/1.png']],
    ['{in,in [[]x]}/?.png', '', ['in/1.png', 'in [x]/4.png']],
    ['in [x]/*.png', 'in [x]', ['4.png']],
    ['./in/../in/sub/*.png', 'in/sub', ['3.png']],
    ['in/*.webp', 'in', []],
  ])('%s names its pictures from the folder it begins with', async (glob, folder, paths) => {
    expect((await find(cwd, [glob])).inputs).toMatchObject([{ kind: 'pictures', name: glob, folder, paths }]);
  });

  it('may be absolute', async () => {
    expect((await find(cwd, [join(cwd, 'in/*.jpg')])).inputs).toMatchObject([
      { folder: join(cwd, 'in'), paths: ['2.jpg'] },
    ]);
  });

  it('counts what it names and is no picture', async () => {
    expect((await find(cwd, ['in/*'])).skipped).toEqual({ files: 1, folders: 1, pictures: 0 });
  });

  it('is a file first, where one has that name', async () => {
    const own = folderOf('[12].csv', '1.csv');
    expect(await found(own, ['[12].csv'])).toEqual(['[12].csv']);
    expect(await found(own, ['[13].csv'])).toEqual(['1.csv']);
  });
});

describe('a folder with a manifest', () => {
  it('is a folder of manifests, each an input of its own, and the pictures are theirs', async () => {
    const cwd = folderOf(
      'in/part-10.csv',
      'in/part-2.csv',
      'in/more.jsonl',
      'in/1.png',
      'in/1.txt',
      'in/sub/x.tsv',
      'in/a.md',
    );
    const { inputs, skipped } = await find(cwd, ['in']);
    expect(inputs).toEqual(
      ['more.jsonl', 'part-2.csv', 'part-10.csv'].map((name) => ({
        kind: 'rows',
        name,
        path: join(cwd, 'in', name),
        folder: join(cwd, 'in'),
        format: name.split('.')[1],
      })),
    );
    expect(skipped).toEqual({ files: 1, folders: 1, pictures: 1 });
    expect(skippedText(skipped)).toMatch(/^1 other file, 1 folder, 1 picture skipped .*the rows of the manifest/);
    expect(await found(cwd, ['in/*.png'])).toEqual(['in/1.png']);
    expect(await found(cwd, ['in/*.csv'])).toEqual(['in/part-2.csv', 'in/part-10.csv']);
  });

  it('names those of sub folders by their place', async () => {
    const cwd = folderOf('in/a/rows.csv', 'in/b/rows.csv');
    const { inputs } = await find(cwd, ['in'], { recursive: true });
    expect(inputs.map(({ name, folder }) => [name, folder])).toEqual([
      ['a/rows.csv', join(cwd, 'in/a')],
      ['b/rows.csv', join(cwd, 'in/b')],
    ]);
  });

  it('is no input if it is a results file of this program', async () => {
    const cwd = folderOf('in/1.png', 'in/results.jsonl');
    expect(await found(cwd, ['in'])).toEqual(['in/1.png']);
    writeFileSync(join(cwd, 'in/my-results.jsonl'), '');
    mkdirSync(join(cwd, 'in/folder.csv'));
    expect(await found(cwd, ['in'])).toEqual(['in/my-results.jsonl']);
  });
});

describe('skippedText', () => {
  it('says nothing of nothing', () => {
    expect(skippedText({ files: 0, folders: 0, pictures: 0 })).toBe('');
    expect(skippedText({ files: 12, folders: 0, pictures: 0 })).toBe('12 other files skipped');
  });
});

describe('extensions', () => {
  it('are those of one list, in any case, in folders, globs and alone', async () => {
    const names = ['a.jfif', 'b.JPE', 'c.JPG', 'd.Png', 'e.pjpeg', 'f.jif', 'g.TIFF'];
    const cwd = folderOf(...names.map((name) => `in/${name}`));
    expect(await found(cwd, ['in'])).toEqual(names.map((name) => `in/${name}`));
    expect(await found(cwd, ['in/*'])).toHaveLength(names.length);
    for (const name of names) expect(await found(cwd, [`in/${name}`])).toEqual([`in/${name}`]);
  });

  it('of pictures that are not read are told by name', async () => {
    const cwd = folderOf('in/a.HEIC', 'in/b.heic', 'in/c.jxl', 'in/d.apng', 'in/e.png', 'more/f.bmp', 'more/g.heic');
    const { inputs, skipped } = await find(cwd, ['in', 'more']);
    expect(inputs[0]).toMatchObject({ paths: ['e.png'] });
    expect(skipped).toEqual({
      files: 0,
      folders: 0,
      pictures: 0,
      unread: { '.heic': 3, '.jxl': 1, '.apng': 1, '.bmp': 1 },
    });
    expect(skippedText(skipped)).toMatch(
      /^3 \.heic, 1 \.jxl, 1 \.apng, 1 \.bmp skipped \(.* not supported: save them as PNG/,
    );
    await expect(find(cwd, ['in/c.jxl'])).rejects.toMatchObject({
      message: expect.stringMatching(/a \.jxl, a picture format that is not supported; save them as PNG/) as string,
    });
  });

  it.each([
    ['rows.xlsx', /a workbook; save the table as “CSV UTF-8”/],
    ['rows.parquet', /it is a \.parquet; write it as JSON lines/],
    ['rows.json', /it is a \.json; write it as JSON lines/],
    ['https://host/rows.jsonl', /got a URI \(https:\/\/\)\. Download it first, or write it as the image of a row\.$/],
  ])('of tables that are not read come with a way: %s', async (name, message) => {
    await expect(find(folderOf('rows.xlsx', 'rows.parquet', 'rows.json'), [name])).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('an imagefolder', () => {
  it('is a folder with metadata, or one whose folders have it', async () => {
    const cwd = folderOf(
      'a/metadata.jsonl',
      'a/1.png',
      'b/train/metadata.jsonl',
      'b/train/1.png',
      'b/test/metadata.csv',
      'b/README.md',
      'c/data/train/metadata.csv',
    );
    expect(await found(cwd, ['a'])).toEqual(['a/metadata.jsonl']);
    const { inputs, skipped } = await find(cwd, ['b', 'c']);
    expect(inputs).toMatchObject([
      { name: 'test/metadata.csv', folder: join(cwd, 'b/test') },
      { name: 'train/metadata.jsonl', folder: join(cwd, 'b/train') },
      { name: 'data/train/metadata.csv', folder: join(cwd, 'c/data/train') },
    ]);
    expect(skipped).toEqual({ files: 1, folders: 0, pictures: 0 });
  });

  it.each([
    ['metadata.parquet', '1.png'],
    ['train/metadata.parquet', 'train/1.png'],
    ['train-0.parquet', 'x.md'],
  ])('in Parquet is told how to be read: %s', async (...names) => {
    await expect(find(folderOf(...names.map((name) => `in/${name}`)), ['in'])).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      message: expect.stringMatching(/has ".*\.parquet", which is not supported; write it as JSON lines/) as string,
    });
  });
});
