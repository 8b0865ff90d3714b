import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openJournal } from '#src/run/results/journal.js';
import { itOnLinux } from '../../../support/it-on-linux.js';
import { failedRecord, folder, okRecord } from './records.js';

describe('openJournal', () => {
  it('makes the folder and appends one line a record, there as soon as it is awaited', async () => {
    const path = join(folder(), 'new/results.jsonl');
    const journal = await openJournal(path);
    await journal.append(okRecord());
    expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(okRecord())}\n`);
    await journal.append(failedRecord());
    await journal.close();
    expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(okRecord())}\n${JSON.stringify(failedRecord())}\n`);
  });

  it('keeps lines whole and in order when appends overlap, and closes after the last', async () => {
    const path = join(folder(), 'results.jsonl');
    const journal = await openJournal(path);
    const appends = Array.from({ length: 50 }, (_, at) =>
      journal.append(okRecord({ id: String(at), extra: { pad: 'x'.repeat(at * 999) } })),
    );
    await journal.close();
    await Promise.all(appends);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => Number((JSON.parse(line) as { id: string }).id))).toEqual(
      Array.from({ length: 50 }, (_, at) => at),
    );
  });

  it('writes any text on one line of valid UTF-8, which reads back as it was, but for half a character', async () => {
    const path = join(folder(), 'results.jsonl');
    const id = 'a\nb\r\u2028c\u2029d\u0000\ud800 e 🐈';
    const journal = await openJournal(path);
    await journal.append(okRecord({ id }));
    await journal.close();
    const bytes = readFileSync(path);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    expect(text.split(/[\r\n\u2028\u2029]/)).toHaveLength(2);
    expect((JSON.parse(text) as { id: string }).id).toBe(id.toWellFormed());
  });

  const whole = `${JSON.stringify(okRecord())}\n`;
  it.each([
    ['an empty file', '', ''],
    ['whole lines', whole, whole],
    ['a torn line after whole ones', `${whole}{"row_number`, whole],
    ['a torn line longer than one read', `${whole}{"row": "${'x'.repeat(200_000)}`, whole],
    ['a torn line alone', '{"row_nu', ''],
    ['a last line that lacks its end', whole + whole.trimEnd(), whole + whole],
  ])('appends behind %s', async (_, before, kept) => {
    const path = join(folder(), 'results.jsonl');
    writeFileSync(path, before);
    const journal = await openJournal(path);
    await journal.append(failedRecord());
    await journal.close();
    expect(readFileSync(path, 'utf8')).toBe(`${kept}${JSON.stringify(failedRecord())}\n`);
  });

  it('says where it cannot be', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    await expect(openJournal(join(file, 'results.jsonl'))).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      exitCode: 6,
      context: { path: join(file, 'results.jsonl') },
      message: expect.stringMatching(/a part of the path is a file/) as string,
    });
  });

  itOnLinux('says that the disk is full, at every append', async () => {
    expect(existsSync('/dev/full')).toBe(true);
    const journal = await openJournal('/dev/full');
    for (let turn = 0; turn < 2; turn++) {
      await expect(journal.append(okRecord())).rejects.toMatchObject({
        code: 'OUTPUT_UNWRITABLE',
        message: expect.stringMatching(/^Could not write \/dev\/full: the disk is full/) as string,
      });
    }
    await journal.close();
  });
});
