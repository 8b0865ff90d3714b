import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findInputs } from '#src/run/manifest/inputs/find-inputs.js';
import { readRows } from '#src/run/manifest/read-rows.js';
import { codeOf, collect, folder, jsonl, manifestOf, messageOf, readAll } from './manifests.js';

const row = { image: 'a.png', prompt: 'p' };

describe('readRows', () => {
  it('reads several inputs as one run, and paths relative to each', async () => {
    const manifest = manifestOf({
      'one.JSONL': jsonl(row, row),
      'two.csv': 'image,prompt\nb.png,q\n',
      'three.tsv': 'image\tprompt\nc.png\tr\n',
    });
    mkdirSync(join(manifest.cwd, 'sub'));
    writeFileSync(join(manifest.cwd, 'sub/four.ndjson'), jsonl(row));
    const rows = await readAll({ ...manifest, inputs: [...manifest.inputs, 'sub/four.ndjson'] });
    expect(
      rows.map(({ index, rowNumberPerFile, inputName, line }) => [index, rowNumberPerFile, inputName, line]),
    ).toEqual([
      [0, 0, 'one.JSONL', 1],
      [1, 1, 'one.JSONL', 2],
      [2, 0, 'two.csv', 2],
      [3, 0, 'three.tsv', 2],
      [4, 0, 'four.ndjson', 1],
    ]);
    expect(rows.map((each) => ('source' in each && each.source.kind === 'file' ? each.source.path : null))).toEqual(
      ['a.png', 'a.png', 'b.png', 'c.png', 'sub/a.png'].map((path) => join(manifest.cwd, path)),
    );
  });

  it('completes rows with other defaults in the same reading, and reads metadata once', async () => {
    const asked: string[] = [];
    const manifest = manifestOf(
      { 'm.jsonl': jsonl({ image: 'a.png' }, { ...row, strength: 0.1 }) },
      {
        modelDefaults: { steps: 50 },
        readMetadata: (path) => {
          asked.push(path);
          return Promise.resolve({ values: { prompt: 'from the picture' }, warnings: [] });
        },
      },
    );
    const { inputs } = await findInputs(manifest.inputs, manifest);
    const others = [{ modelDefaults: { steps: 20 } }, { modelDefaults: { steps: 7 } }];
    const [first, second] = await collect(readRows(inputs, manifest, others));
    expect(first).toMatchObject({
      settings: { steps: 50, prompt: 'from the picture' },
      alternatives: [{ settings: { steps: 20, prompt: 'from the picture' } }, { settings: { steps: 7 } }],
    });
    expect(asked).toHaveLength(1);
    /* 7 × 0.1 is less than one step. */
    expect(second).toMatchObject({
      settings: { steps: 50 },
      alternatives: [{ settings: { steps: 20 } }, { error: { code: 'ROW_FIELD_INVALID' } }],
    });
    expect((await readAll(manifest))[0]).not.toHaveProperty('alternatives');
  });

  it('calls spooled standard input -, its paths relative to the working directory', async () => {
    const elsewhere = join(folder(), 'spooled.jsonl');
    writeFileSync(elsewhere, jsonl(row, { image: 'b.png' }));
    const manifest = manifestOf({}, { inputs: ['-'], stdinPath: elsewhere });
    const rows = await readAll(manifest);
    expect(rows[0]).toMatchObject({ inputName: '-', source: { kind: 'file', path: join(manifest.cwd, 'a.png') } });
    expect(messageOf(rows[1]!)).toMatch(/\(standard input, line 2\)$/);
  });

  it('fails malformed rows alone, counting them', async () => {
    const bad = Buffer.concat([
      Buffer.from(jsonl(row)),
      Buffer.from('{oops\n\n"\xff"\n', 'latin1'),
      Buffer.from(jsonl(row)),
    ]);
    const rows = await readAll(manifestOf({ 'm.jsonl': bad }));
    expect(rows.map((each) => [codeOf(each), each.rowNumberPerFile, each.line])).toEqual([
      ['ok', 0, 1],
      ['ROW_SYNTAX', 1, 2],
      ['ROW_SYNTAX', 2, 4],
      ['ok', 3, 5],
    ]);
    expect(rows[1]).toMatchObject({ id: null, sourceText: null, settings: {}, extra: {} });
  });

  it.each([
    ['egg', /^No such file: .*file of prompts.*For a prompt: sdxl-refine generate -p egg$/],
    ['a red fox', /-p 'a red fox'$/],
    ['prompts.csv', /standard input\.$/],
  ])('suggests --prompt where generate gets %s', async (input, message) => {
    await expect(readAll(manifestOf({}, { inputs: [input], command: 'generate' }))).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ['missing.jsonl', /^No such file: .*missing\.jsonl\. Expected the input "missing\.jsonl"/],
    ['noise', /a \.jsonl, \.ndjson, \.csv or \.tsv file, a picture \(\.png .*or - for JSON lines.*no extension/],
    ['/dev/null', /neither a file nor a folder/],
    ['rows.json', /it is a \.json/],
    ['missing', /^No such file: .*"missing"/],
    ['noise/*.png', /ENOTDIR/],
    ['', /it is empty/],
    ['-', /there is no standard input/],
  ])('ends the run at the input %s', async (input, message) => {
    const manifest = manifestOf({}, { inputs: [input] });
    writeFileSync(join(manifest.cwd, 'noise'), '');
    writeFileSync(join(manifest.cwd, 'rows.json'), '[]');
    await expect(readAll(manifest)).rejects.toMatchObject({
      code: 'MANIFEST_UNREADABLE',
      exitCode: 3,
      message: expect.stringMatching(message) as string,
    });
  });

  it('reads standard input once', async () => {
    await expect(readAll(manifestOf({}, { inputs: ['-', '-'], stdinPath: 'x' }))).rejects.toMatchObject({
      code: 'USAGE_CONFLICT',
    });
  });
});
