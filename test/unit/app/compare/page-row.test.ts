import { nameOf, pageRow, shownModel, type PageSide } from '#src/app/compare/page-row.js';
import { failedRecord, okRecord } from '../../run/results/records.js';

const embedded: PageSide = { kind: 'embedded' };
const pictures = { before: embedded, after: embedded, size: { width: 1024, height: 768 } };

describe('pageRow', () => {
  it('says what made the picture, in order', () => {
    const row = pageRow(okRecord({ extra: { name: 'n', tags: ['a', 12345678901234567890n] } }), pictures);
    expect(row).toMatchObject({ name: 'x', status: 'ok', prompt: 'a cat', error: null, width: 1024, height: 768 });
    expect(row.details).toEqual([
      ['strength', '0.3'],
      ['steps', '15 of 50'],
      ['guidance', '5'],
      ['seed', '7'],
      ['scheduler', 'EulerDiscreteScheduler'],
      ['size', '1024 × 768'],
      ['time', '4.1 s'],
      ['model', 'models/tiny'],
      ['device', 'cpu, fp32'],
      ['id', 'x'],
      ['input', 'inputs/cat.png'],
      ['output', 'sub/cat.png'],
      ['row', '2 of manifest.jsonl'],
      ['name', 'n'],
      ['tags', '["a",12345678901234567890]'],
    ]);
  });

  it('leaves out of a failed row what nobody knows', () => {
    const missing: PageSide = { kind: 'missing', note: 'gone' };
    const row = pageRow(failedRecord(), { before: missing, after: missing, size: null });
    expect(row.error).toBe('ROW_FIELD_INVALID: Expected strength to be a number from 0 to 1, got 1.5');
    expect(row).toMatchObject({ name: 'row 3', prompt: '', negativePrompt: '', width: 0, height: 0 });
    expect(row.details.map(([label]) => label)).toEqual(['seed', 'model', 'device', 'row']);
  });

  it('keeps passwords, queries and folders of this machine off the page', () => {
    const record = okRecord({ id: null, sourceText: 'https://me:secret@host/cat.png?token=secret#x' });
    expect(JSON.stringify(pageRow(record, pictures))).not.toContain('secret');
    expect(nameOf({ ...record, image_file_name: null })).toBe('https://host/cat.png');
    expect(shownModel('/home/me/sdxl-refiner')).toBe('sdxl-refiner');
    expect(shownModel('stabilityai/sdxl-refiner')).toBe('stabilityai/sdxl-refiner');
  });
});
