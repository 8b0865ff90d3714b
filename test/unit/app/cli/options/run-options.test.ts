import { parseWhole } from '#src/app/cli/options/run-options.js';

it('takes integers within its bounds', () => {
  expect(parseWhole('--port', '0', 0, 65_535)).toBe(0);
  expect(parseWhole('--port', '65535', 0, 65_535)).toBe(65_535);
  expect(parseWhole('--error-threshold', '-1', -1)).toBe(-1);
});

it.each([
  ['70000', 'from 0 to 65535', 65_535],
  ['-1', 'from 0 to 65535', 65_535],
  ['1e3', 'from 0, got "1e3"', undefined],
  ['1.5', 'from 0, got "1.5"', undefined],
  ['', 'from 0, got ""', undefined],
  ['99999999999999999999', 'from 0 to 9007199254740991, got "99999999999999999999"', undefined],
])('refuses %j', (text, message, most) => {
  expect(() => parseWhole('--port', text, 0, most)).toThrow(
    expect.objectContaining({ code: 'USAGE_OPTION_INVALID', message: expect.stringContaining(message) }),
  );
});
