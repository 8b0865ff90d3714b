import stringWidth from 'string-width';
import { failureEntry, failureOf, printFailure } from '#src/app/cli/progress/failure-text.js';
import { createTerminal } from '#src/app/cli/progress/terminal.js';
import type { ResultRecord } from '#src/records/result.js';
import { failedRecord } from '../../../run/results/records.js';

const say = (result: Partial<ResultRecord>, line: number | null, columns: number | null): string => {
  let text = '';
  const stream = columns === null ? {} : { isTTY: true, columns };
  const stderr = Object.assign({ write: (more: string) => (text += more) }, stream);
  const failure = failureOf({ ...failedRecord(), input_csv_name: 'rows.jsonl', ...result }, line);
  if (failure !== null) printFailure(failure, createTerminal({ stderr: stderr as never, env: { NO_COLOR: '1' } }));
  return text;
};
const error = (message: string): Pick<ResultRecord, 'error'> => ({ error: { code: 'ROW_FIELD_INVALID', message } });

it('names the row, its place, the mistake, and the code', () => {
  const result = { image: 'a.png', ...error('Expected steps from 1, got 0: raise it (rows.jsonl, line 3)') };
  expect(say(result, 3, 80)).toBe(
    '✗ a.png (rows.jsonl, line 3)\n  Expected steps from 1, got 0: raise it [ROW_FIELD_INVALID]\n',
  );
  expect(say(result, 3, null)).toBe(
    'a.png: failed, ROW_FIELD_INVALID: Expected steps from 1, got 0: raise it (rows.jsonl, line 3)\n',
  );
});

it('shows no secret of a signed URL, also where the message ends with the picture', () => {
  const image = 'https://host/a.png?X-Amz-Signature=SECRET';
  const text = say({ image, ...error(`Expected steps from 1, got 0: raise it (${image})`) }, null, null);
  expect(text).toBe('https://host/a.png?…: failed, ROW_FIELD_INVALID: Expected steps from 1, got 0: raise it\n');
});

it('names a row that has no picture by its id, or by where it stands', () => {
  expect(say({ image: null, id: 'fox', ...error('No.') }, 3, 80)).toMatch(/^✗ fox \(rows\.jsonl, line 3\)\n/);
  expect(say({ image: null, id: null, ...error('No. (rows.jsonl, line 3)') }, 3, 80)).toBe(
    '✗ rows.jsonl, line 3\n  No. [ROW_FIELD_INVALID]\n',
  );
  expect(say({ image: 'a.png', ...error('No. (a.png)') }, null, null)).toBe('a.png: failed, ROW_FIELD_INVALID: No.\n');
});

it('is silent about a row that did not fail', () => {
  expect(say({ error: null }, 1, 80)).toBe('');
});

const foreign = {
  wide: { image: `${'猫と犬'.repeat(20)}.png`, ...error(`猫は${'見つかりません'.repeat(30)}。`) },
  emoji: { image: '👩‍👩‍👧‍👦👍🏽.png', ...error('👩‍👩‍👧‍👦 '.repeat(60)) },
  combining: { image: 'cafe\u0301.png', ...error('e\u0301'.repeat(300)) },
  'one long word': { image: `${'d/'.repeat(2000)}x.png`, ...error('y'.repeat(100_000)) },
  escapes: {
    image: '\u001b[2J\u001b[H\u009b31mx\r\n.png',
    ...error('\u001b]0;t\u0007 ok\nsdxl-refine: all is well\u202e'),
  },
};
describe.each([80, 40])('at %d columns', (columns) => {
  it.each(Object.entries(foreign))('%s fits and is not obeyed', (_, result) => {
    const text = say(result, 7, columns);
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(text).not.toMatch(/^sdxl-refine/m);
    expect(text.split('\n').length).toBeLessThan(120);
    const failure = failureOf({ ...failedRecord(), ...result }, 7);
    const entry = failureEntry(failure!, columns).split('\n');
    expect(entry.length).toBeLessThanOrEqual(80 / columns);
    for (const line of entry) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  });
});

it.each(Object.entries(foreign))('%s is one line of a log', (_, result) => {
  expect(say(result, 7, null)).toMatch(/^\P{Cc}*\n$/u);
});
