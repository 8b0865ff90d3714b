import { AZURE_SCALE } from '#src/run/safety/azure-screener.js';
import { blockAtText, parseBlockAt } from '#src/run/safety/block-at.js';
import { splitText } from '#src/run/safety/split-text.js';

it.each([
  ['4', 4, {}],
  ['sexual=4, violence=2', 2, { sexual: 4, violence: 2 }],
  ['3,Self-Harm=6', 3, { selfharm: 6 }],
  ['self_harm=1', 2, { selfharm: 1 }],
])('%s', (text, all, each) => {
  const parsed = parseBlockAt(text, AZURE_SCALE);
  expect({ all: parsed.all, each: Object.fromEntries(parsed.each) }).toEqual({ all, each });
});

it.each(['', '0', '8', '2.5', '2,4', 'sexual=2,Sexual=4', 'gore=2', 'sexual', '=2', '-1', '2,'])(
  '%p is none',
  (text) => {
    expect(() => parseBlockAt(text, AZURE_SCALE)).toThrow(/Expected --safety-block-at/);
  },
);

it('the order of categories changes no identity', () => {
  const text = (given: string): string => blockAtText(parseBlockAt(given, AZURE_SCALE));
  expect(text('sexual=4,violence=6')).toBe(text('violence=6,sexual=4'));
  expect(text('sexual=4')).not.toBe(text('sexual=6'));
});

it('pieces of a text overlap, count code points and leave nothing out', () => {
  expect(splitText('abcdefghij', 4, 1)).toEqual(['abcd', 'defg', 'ghij']);
  expect(splitText('abcd', 4, 1)).toEqual(['abcd']);
  expect(splitText('🏰🏯🗼', 2, 1)).toEqual(['🏰🏯', '🏯🗼']);
  expect(splitText(' \n', 4, 1)).toEqual([]);
});
