import { jsonText } from '#src/io/json/json-text.js';
import { parseExactObject, parseJson, parseJsonObject } from '#src/io/json/parse-json.js';
import { scanJson } from '#src/io/json/structure.js';

const LIMITS = { maxDepth: 3, maxTokens: 12, maxKeys: 3 };
const invalid = (what: string): Error => new Error(what);
const parse = (json: string | Uint8Array): unknown => parseJson(json, LIMITS, invalid);
const bytes = (text: string): Uint8Array => Buffer.from(text);

it.each([
  ['{"a":[1,{"b":"[,]"}]}', { tokens: 9, depth: 3, keys: 1 }],
  ['{"a":{"b":{"c":1}}}', { tokens: 9, depth: 3, keys: 2 }],
  ['"\\"[{,:"', { tokens: 0, depth: 0, keys: 0 }],
  ['[NaN,-Infinity,Infinity,"NaN",-1]', { tokens: 9, depth: 1, keys: 0 }],
  ['é["日,本"]', { tokens: 2, depth: 1, keys: 0 }],
])('counts tokens, depth and keys of %j, as text and as bytes', (text, counts) => {
  expect(scanJson(text)).toMatchObject(counts);
  expect(scanJson(bytes(text))).toMatchObject(counts);
});

it.each([
  ['[[[[]]]]', 'nests 4 levels deep, more than 3'],
  [`[${'1,'.repeat(20)}1]`, 'has at least 13 JSON tokens, more than 12'],
  ['{"a":1,"b":1,"c":1,"d":1}', 'has at least 4 keys, more than 3'],
])('refuses %s before it builds anything', (text, message) => {
  expect(() => parse(text)).toThrow(message);
  expect(() => parse(bytes(text))).toThrow(message);
});

it('builds nothing of what it refuses', () => {
  const json = bytes(`[${'[],'.repeat(20_000_000)}1]`);
  const before = process.memoryUsage().heapUsed;
  expect(() => parse(json)).toThrow('JSON tokens');
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 2 ** 20);
});

it('hands integers of more than 15 digits to the given reader, and no other numbers', () => {
  const read = (json: string): unknown => parseJson(json, LIMITS, invalid, (word) => `"${word}"`);
  expect(
    read('[123456789012345,-12345678901234567890,1234567890123456.5,1234567890123456789e-18,"1234567890123456789"]'),
  ).toEqual([
    123456789012345,
    '-12345678901234567890',
    1234567890123456.5,
    Number('1.234567890123456789'),
    '1234567890123456789',
  ]);
  expect(parseJson('[9223372036854775807]', LIMITS, invalid)).toEqual([2 ** 63]);
});

it('replaces NaN and Infinity outside strings', () => {
  const read = (json: string | Uint8Array): unknown =>
    parseJson(json, LIMITS, invalid, (word) => (word === 'NaN' ? 'null' : word.replace('Infinity', '1e999')));
  const text = '["é NaN",NaN,-Infinity,"\\"Infinity"]';
  expect(read(text)).toEqual(['é NaN', null, -Infinity, '"Infinity']);
  expect(read(bytes(text))).toEqual(read(text));
  expect(() => parse('[NaN]')).toThrow('is not JSON: ');
});

it('says what is wrong: no object, a key twice, no UTF-8, a trailing comma', () => {
  const object = (json: string | Uint8Array): unknown => parseJsonObject(json, LIMITS, invalid);
  expect(object('{"a":{"b":1}}')).toEqual({ a: { b: 1 } });
  expect(() => object('[]')).toThrow('is not a JSON object');
  expect(() => object(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('is not JSON in UTF-8');
  expect(() => object('{"a":1,}')).toThrow('is not JSON: trailing comma at column 7: JSON has none; remove it');
});

it.each([
  ['{"a":1,"b":2,"\\u0061":1}', 'a'],
  ['{"b":1,"a":{"c":[{"b":1}],"b":1,"b":1}}', 'b'],
  ['{"a":[{"b":1},{"b":1}],"c":"\\"{\\"d\\":","":0,"":0}', ''],
  [`{"${'k'.repeat(99)}":1,"${'k'.repeat(99)}":2}`, 'k'.repeat(60)],
])('names the key that %s has twice', (json, key) => {
  expect(() => parseJsonObject(json, { maxDepth: 9, maxTokens: 99 }, invalid)).toThrow(`has the key "${key}" twice`);
});

describe('an object with exact integers', () => {
  const read = (json: string | Uint8Array) => parseExactObject(json, { maxDepth: 9, maxTokens: 99 }, invalid);

  it.each([
    '{"é":12345678901234567890,"b":[-9007199254740993,{"c":1}],"__proto__":18446744073709551615}',
    '{"a":340282366920938463463374607431768211456,"b":"12345678901234567890"}',
    '{"a":10000000000000000000000}',
  ])('is written as it was read: %s', (json) => {
    for (const input of [json, bytes(json)]) {
      const { value, exact } = read(input);
      expect(jsonText(exact)).toBe(json);
      expect(value).toEqual(JSON.parse(json));
      expect(Object.getPrototypeOf(exact)).toBe(Object.prototype);
    }
  });

  it.each([
    '{"a":9007199254740992,"b":12345678901234567000,"c":1234567890123456789.5,"d":1e300}',
    `{"a":${'1'.repeat(41)}}`,
  ])('has numbers where they are as good, and for what no id has: %s', (json) => {
    const { value, exact } = read(json);
    expect(exact).toBe(value);
  });

  it('has the faults of any other', () => {
    expect(() => read('{"a":00000000000000000001}')).toThrow('is not JSON');
    expect(() => read('{"a":12345678901234567890,"b":NaN}')).toThrow('is not JSON');
    expect(() => read('{"a":12345678901234567890,"a":1}')).toThrow('has the key "a" twice');
  });
});
