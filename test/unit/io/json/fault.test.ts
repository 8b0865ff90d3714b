import { jsonFault } from '#src/io/json/fault.js';

const faultOf = (text: string): string => {
  try {
    JSON.parse(text);
  } catch (thrown) {
    return jsonFault(text, thrown);
  }
  throw new Error('this is JSON');
};

it.each([
  ['{\n  "a": 1,\n}', 2, 9],
  ['{"a": [1, 2,]}', null, 12],
  ['{"a": {"b": "x",\r\n\t}, "c": 1}', 1, 16],
  ['[\n\n1\n, ]', 4, 1],
  ['{"a,}": "quoted \\",} comma", "b": [",]", 2,], }', null, 43],
])('finds the trailing comma of %j', (text, line, column) => {
  expect(faultOf(text)).toBe(
    `trailing comma at ${line === null ? '' : `line ${line}, `}column ${column}: JSON has none; remove it`,
  );
});

it.each([
  ['{"strength":NaN}', 'NaN', 13],
  ['{"NaN": "Infinity", "b": -Infinity, "c": NaN}', '-Infinity', 26],
  ['[1, Infinity]', 'Infinity', 5],
])('says what to write in place of a word that Python writes: %s', (text, word, column) => {
  expect(faultOf(text)).toBe(`${word} at column ${column}: JSON has none; write null, or leave the key out`);
});

it.each(['{"a": Nothing}', '{"a": -x}'])('claims no such word in %s', (text) => {
  expect(faultOf(text)).not.toContain('JSON has none');
});

it.each(['{"a" 1, "b": [1,]}', '{"a": 1', '{"a": "x}', "{'a': 1}", '{"a": ",}', 'NaN', ''])(
  'claims no trailing comma where the fault of %j is another',
  (text) => {
    expect(faultOf(text)).not.toContain('comma');
    expect(faultOf(text).length).toBeGreaterThan(10);
  },
);

it('says line and column where the parser says a position', () => {
  expect(faultOf('{"a": 1,\n "b" 2}')).toMatch(/line 2,? column 6/);
});
