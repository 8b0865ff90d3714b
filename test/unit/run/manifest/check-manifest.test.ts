import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkManifest, type ManifestCheck } from '#src/run/manifest/check-manifest.js';
import { generateRowParser } from '#src/run/manifest/rows/parse-generate-row.js';
import type { Manifest } from '#src/run/manifest/read-rows.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';
import { codeOf, collect, jsonl, manifestOf, messageOf } from './manifests.js';

const row = (more: object) => ({ image: 'cat.png', prompt: 'p', ...more });

/** Output of every row, or its error. */
const outputs = async (manifest: Manifest): Promise<string[]> => {
  const rows = await collect((await checkManifest(manifest)).read());
  return rows.map((each) => ('error' in each ? each.error.code : each.output));
};

describe('checkManifest', () => {
  it('counts rows, their errors, and steps', async () => {
    const check = await checkManifest(
      manifestOf({
        'a.jsonl': `${jsonl(row({}), row({ strength: 1.5 }), row({ steps: 10, strength: 0.5 }))}{oops\n`,
        'b.csv': 'image,prompt,id\nx.png,p,one\ny.png,,two\nz.png,p,one\n',
      }),
    );
    expect(check).toMatchObject({
      rows: 7,
      valid: 3,
      invalid: { ROW_FIELD_INVALID: 1, ROW_SYNTAX: 1, ROW_FIELD_MISSING: 1, ROW_DUPLICATE_ID: 1 },
      steps: 15 + 5 + 15,
    });
  });

  it('names keys that are no settings, and not more than a note can use', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`k${at}`, at]));
    const manifest = (...rows: object[]) => checkManifest(manifestOf({ 'm.jsonl': jsonl(...rows.map(row)) }));
    expect((await manifest({ style: 'x' }, { owner: 1, style: 2 })).extraKeys).toEqual(['style', 'owner']);
    expect((await manifest({})).extraKeys).toEqual([]);
    expect((await manifest(many)).extraKeys).toHaveLength(100);
  });

  it.each(
    [
      [{ 'm.jsonl': '' }, 'MANIFEST_EMPTY'],
      [{ 'm.jsonl': '\n\uFEFF \n' }, 'MANIFEST_EMPTY'],
      [{ 'm.csv': 'image,prompt\n' }, 'MANIFEST_EMPTY'],
      [{ 'm.jsonl': jsonl(row({}), row({ strenght: 1 })) }, 'MANIFEST_KEY_UNKNOWN'],
      [{ 'm.csv': 'image,image\n' }, 'MANIFEST_SYNTAX'],
    ].map(([files, code]) => [JSON.stringify(files), files, code] as [string, Record<string, string>, string]),
  )('ends the run before any work at %s', async (_, files, code) => {
    await expect(checkManifest(manifestOf(files))).rejects.toMatchObject({ code, exitCode: 3 });
  });

  it('fails the later of two rows with one id, in whatever inputs', async () => {
    const manifest = manifestOf({
      'a.jsonl': jsonl(row({ id: 'x' }), row({ id: 'X' })),
      'b.csv': 'image,prompt,id\nb.png,p,x\n',
    });
    const rows = await collect((await checkManifest(manifest)).read());
    expect(rows.map(codeOf)).toEqual(['ok', 'ok', 'ROW_DUPLICATE_ID']);
    expect(messageOf(rows[2]!)).toBe(
      'Duplicate id: expected a unique id, got "x", which row 1 of the run has too; change one (b.csv, line 2)',
    );
    expect(rows[2]).toMatchObject({ id: 'x', sourceText: 'b.png', settings: { prompt: 'p' } });
  });

  it('fails the later of two rows that name one output, as file systems compare names', async () => {
    const manifest = manifestOf({
      'm.jsonl': jsonl(
        ...['a.png', 'b', 'A.PNG', 'é.png', 'e\u0301.png', 'b.png', 'b.safetensors'].map((output) => row({ output })),
      ),
    });
    const rows = await collect((await checkManifest(manifest)).read());
    const duplicate = 'ROW_DUPLICATE_OUTPUT';
    expect(rows.map(codeOf)).toEqual(['ok', 'ok', duplicate, 'ok', duplicate, duplicate, 'ok']);
    expect(messageOf(rows[2]!)).toContain(
      'got "A.PNG", which row 1 of the run writes too, perhaps in other letters: some systems take A.png and a.png for one name; rename one (m.jsonl, line 3)',
    );
  });

  it('does not let an invalid row take an output', async () => {
    expect(
      await outputs(manifestOf({ 'm.jsonl': jsonl(row({ output: 'a', strength: 2 }), row({ output: 'a' })) })),
    ).toEqual(['ROW_FIELD_INVALID', 'a.png']);
  });

  it('names outputs after pictures, beside each other and beside named ones wherever they stand', async () => {
    const manifest = manifestOf({
      'm.jsonl': jsonl(
        row({}),
        row({ image: 'sub/cat.jpg' }),
        row({ image: 'CAT.webp' }),
        row({ image: `data:image/png;base64,${'A'.repeat(40)}` }),
        row({ image: 'https://example.org/dog.webp?x' }),
        row({ image: 'dog-2.png' }),
        row({ output: 'cat.png' }),
        row({ output: 'Cat-3.png' }),
        row({ image: 'dog.png' }),
        row({ image: 'row-000003.png' }),
      ),
    });
    expect(await outputs(manifest)).toEqual([
      'cat-2.png',
      'cat-4.png',
      'CAT-5.png',
      'row-000003.png',
      'dog.png',
      'dog-2.png',
      'cat.png',
      'Cat-3.png',
      'dog-3.png',
      'row-000003-2.png',
    ]);
  });

  it('never gives one name twice, and the same names at every reading', async () => {
    const names = ['a', 'a-2', 'A', 'a-3', 'a-2-2', 'b'];
    // A fixed sequence without pattern: x → 5x + 3 mod 997.
    let state = 1;
    const next = (count: number): number => (state = (5 * state + 3) % 997) % count;
    const rows = Array.from({ length: 500 }, () => {
      const name = names[next(names.length)]!;
      return next(4) === 0 ? row({ output: `${name}-${next(60)}` }) : row({ image: `${next(9)}/${name}.png` });
    });
    const check = await checkManifest(manifestOf({ 'm.jsonl': jsonl(...rows) }));
    const [first, second] = [await collect(check.read()), await collect(check.read())];
    expect(second).toEqual(first);
    const given = first.flatMap((each) => ('output' in each ? [each.output.toLowerCase()] : []));
    expect(given).toHaveLength(check.valid);
    expect(new Set(given).size).toBe(given.length);
    expect(check.valid).toBeGreaterThan(350);
  });

  it('names ten thousand pictures of one name without trying them all again', async () => {
    const manifest = manifestOf({
      'm.jsonl': jsonl(...Array.from({ length: 10_000 }, (_, at) => row({ image: `${at}/image.png` }))),
    });
    const before = process.cpuUsage();
    const named = await outputs(manifest);
    expect([named[0], named[1], named[9999]]).toEqual(['image.png', 'image-2.png', 'image-10000.png']);
    const { user, system } = process.cpuUsage(before);
    /* Processor time in seconds: other work on the machine does not count. */
    expect((user + system) / 1e6).toBeLessThan(10);
  });

  it('lives with a manifest that changes after it was checked', async () => {
    const manifest = manifestOf({ 'm.jsonl': jsonl(row({ id: 'a' }), row({ id: 'b', output: 'x' })) });
    const path = join(manifest.cwd, 'm.jsonl');
    const check = await checkManifest(manifest);
    appendFileSync(path, jsonl(row({ id: 'a' }), row({ output: 'cat.png' }), row({ output: 'new' })) + '{oops');
    expect((await collect(check.read())).map(codeOf)).toEqual([
      'ok',
      'ok',
      'ROW_DUPLICATE_ID',
      'ROW_DUPLICATE_OUTPUT',
      'ok',
      'ROW_SYNTAX',
    ]);
    writeFileSync(path, '');
    expect(await collect(check.read())).toEqual([]);
  });
});

describe('options that are wrong', () => {
  const check = (rows: object[], options: RowValues, more: Partial<Manifest> = {}): Promise<ManifestCheck> =>
    checkManifest(manifestOf({ 'm.jsonl': jsonl(...rows) }, { options, ...more }));

  it.each<[RowValues, RegExp]>([
    [{ strength: 0.01 }, /steps × strength .* got 50 × 0\.01.*steps to 100.*for every row/],
    [{ steps: 3 }, /got 3 × 0\.3/],
    [{ denoising_start: 0.8, denoising_end: 0.5 }, /denoising_start .* got 0\.8 and 0\.5/],
    [{ guidance_start: 0.9, guidance_end: 0.1 }, /guidance_start .* got 0\.9 and 0\.1/],
    [{ variation_strength: 0.5 }, /variation_seed/],
    [{ format: 'jpeg', bit_depth: 16 }, /bit_depth 16 only for png and tiff/],
    [{ steps: 3, variation_strength: 0.5 }, /got 3 × 0\.3.*\. Expected a variation_seed/],
  ])('end the run where every row has them: %j', async (options, message) => {
    const run = check([row({}), row({ image: 'b.png', seed: 3 })], options);
    await expect(run).rejects.toMatchObject({ code: 'USAGE_OPTION_INVALID', message: expect.stringMatching(message) });
  });

  it('fail the rows that have them where another row mends them', async () => {
    const { valid, invalid } = await check([row({}), row({ strength: 0.5 })], { strength: 0.01 });
    expect({ valid, invalid }).toEqual({ valid: 1, invalid: { ROW_FIELD_INVALID: 1 } });
  });

  it('fail their rows where another row has its own error', async () => {
    const own = [row({ steps: 200, image: 7 }), row({ strength: 0.001 })];
    for (const other of own) {
      expect((await check([row({}), other], { strength: 0.01 })).invalid).toEqual({ ROW_FIELD_INVALID: 2 });
    }
  });

  it('are those of options alone: rows that are wrong in themselves fail', async () => {
    const wrong = row({ strength: 0.01 });
    expect((await check([wrong, wrong], {})).invalid).toEqual({ ROW_FIELD_INVALID: 2 });
  });

  it('end a run that generates, too', async () => {
    const parse = generateRowParser({ mode: 'ensemble', stageInput: 'latents', keepsLatents: false });
    const run = check([{ prompt: 'p' }], { denoising_end: 0.5, count: 10_000 }, { command: 'generate', parse });
    await expect(run).rejects.toMatchObject({
      code: 'USAGE_OPTION_INVALID',
      message: expect.stringContaining('denoising_end only in mode base'),
    });
  });
});
