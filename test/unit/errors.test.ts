import { fromErrorRecord, RefineError, toErrorRecord } from '#src/errors.js';

describe('an error about something long', () => {
  const long = '\u{1f600}'.repeat(100_000);
  const error = new RefineError('MODEL_CONFIG_INVALID', `Cannot read ${long}. Download it again.`, {
    context: { file: long, missing: Array.from({ length: 5000 }, () => long), count: 3 },
  });

  it('says what is wrong and how to mend it, and is not long itself', () => {
    expect(error.message).toMatch(/^Cannot read .*….* Download it again\.$/u);
    expect(error.message.length).toBeLessThanOrEqual(4000);
    expect(error.message.isWellFormed()).toBe(true);
    expect(error.context).toMatchObject({ count: 3 });
    expect(JSON.stringify(toErrorRecord(error)).length).toBeLessThan(250_000);
  });

  it('is the same behind a process boundary', () => {
    expect(toErrorRecord(fromErrorRecord(toErrorRecord(error)))).toEqual(toErrorRecord(error));
  });
});

it('a short message stays as it is', () => {
  const { message, context } = new RefineError('INTERNAL', 'x'.repeat(4000), {
    context: { list: ['a', 1], none: null },
  });
  expect([message.length, context]).toEqual([4000, { list: ['a', 1], none: null }]);
});
