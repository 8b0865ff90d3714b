/** Half an emoji in a row: what the run writes is text that other programs can read. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { goodRow, readResults, runBatch, workFolder, writeRows } from '../support/batch.js';

const folder = workFolder();

it('writes well-formed text everywhere, and warns', async () => {
  const rows = [
    { ...goodRow, prompt: 'a cat \ud83d', id: '\ude00', note: '\ud83d', output: 'cat.png' },
    { ...goodRow, prompt: 'a dog', fit: '\ud83d' },
  ];
  const manifest = writeRows(join(folder, 'rows.jsonl'), rows);
  const out = join(folder, 'out');
  const run = await runBatch([manifest, '--output-dir', out, '--json', '--predictions-csv', join(folder, 'p.csv')]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain(
    'Replaced unpaired surrogates (half of a character, such as a cut emoji) in prompt, id, note',
  );
  const texts = [run.stdout, ...['results.jsonl', '../p.csv'].map((name) => readFileSync(join(out, name), 'utf8'))];
  for (const text of texts) expect(text).not.toMatch(/\\ud/i);
  expect(readResults(out)).toMatchObject([
    { status: 'ok', prompt: 'a cat \ufffd', id: '\ufffd', extra: { note: '\ufffd' }, warnings: [expect.any(String)] },
    { status: 'failed', warnings: [expect.stringContaining('such as a cut emoji) in fit')] },
  ]);
  const { comments = [] } = await sharp(join(out, 'cat.png')).metadata();
  expect(comments.length).toBeGreaterThan(1);
  for (const { text } of comments) expect(text).not.toMatch(/\\ud/i);
  expect(comments.find(({ keyword }) => keyword === 'parameters')?.text).toContain('a cat \ufffd');
});
