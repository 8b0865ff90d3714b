import { extraKeysNote } from '#src/app/cli/progress/extra-keys-note.js';

it.each<[readonly string[], string]>([
  [[], ''],
  [['style'], 'Note: 1 key of the rows is no setting and is only copied to "extra" of the results: style\n'],
  [
    ['a', 'b', 'c', 'd', 'e', 'f\u001b[2J'],
    'Note: 6 keys of the rows are no settings and are only copied to "extra" of the results: a, b, c, d, e and 1 more\n',
  ],
])('%j', (keys, text) => {
  expect(extraKeysNote(keys)).toBe(text);
});
