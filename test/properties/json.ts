/** JSON from outside: our scanner against the parser of the language. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import fc from 'fast-check';
import { cutText, jsonText, wellFormed } from '#src/io/json/json-text.js';
import { isObject, parseExactObject, parseJson, parseJsonObject } from '#src/io/json/parse-json.js';
import { scanJson } from '#src/io/json/structure.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orFault } from './refusals.js';
import { textOf } from './texts.js';

const key = textOf(['a', 'b', '"', '\\', '{', ':', '__proto__'], 3);
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.double(),
    fc.integer(),
    key,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
})).value;

/** Written with spaces, line ends and escapes that mean nothing. */
const written = fc
  .tuple(value, fc.constantFrom(undefined, 1, '\t', '\r\n '), fc.boolean())
  .map(([of, indent, isEscaped]) => {
    const text = JSON.stringify(of, null, indent);
    return isEscaped
      ? text.replace(/[^\x20-\x7e\s]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : text;
  });

interface Counts {
  depth: number;
  keys: number;
  tokens: number;
}

/** By walking what the parser built. Numbers that the scanner counts as words are left out of such texts. */
const countsOf = (of: unknown, level = 1): Counts => {
  if (typeof of !== 'object' || of === null) return { depth: 0, keys: 0, tokens: 0 };
  const isList = Array.isArray(of);
  const inner = Object.values(of).map((one) => countsOf(one, level + 1));
  const own = inner.length;
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    keys: (isList || level > 2 ? 0 : own) + inner.reduce((sum, { keys }) => sum + keys, 0),
    tokens: 2 + Math.max(0, own - 1) + (isList ? 0 : own) + inner.reduce((sum, { tokens }) => sum + tokens, 0),
  };
};

const UNLIMITED = { maxDepth: 1e6, maxTokens: 1e9 };
const failed = (what: string): Error => new Error(what);

const documents = mutationsOf(
  {
    object: () =>
      Buffer.from('{"a":[1,-2.5e3,"é\\u00e9\\n",{"b":null,"c":[true,false]}],"d":{"e":"\\"","f":{}},"g":[]}'),
    lines: () => Buffer.from('{\n  "prompt": "a cat",\n  "size": [1, 2],\n  "deep": [[[[]]]]\n}\n'),
  },
  ['null', 'true', '-', '.', 'e', '\\u', '\\ud83d', '/*', 'NaN', 'Infinity', '"a":1', '12345678901234567890'],
);

const attempt = (text: string): { value: unknown } | null => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
};

export const properties = [
  property('json: the scanner counts what the parser builds', 'value', written, (text) => {
    const { words, ...found } = scanJson(text);
    const expected = countsOf(JSON.parse(text));
    deepStrictEqual({ depth: found.depth, keys: found.keys, tokens: found.tokens - words.length }, expected);
    /* Half characters have no UTF-8. */
    if (text.isWellFormed()) {
      const { words: inBytes, ...ofBytes } = scanJson(Buffer.from(text));
      deepStrictEqual(ofBytes, found);
      strictEqual(inBytes.length, words.length);
    }
  }),
  property(
    'json: what the parser of the language takes is taken, and nothing else',
    'file',
    documents.arbitrary,
    async (mutation) => {
      const bytes = await documents.bytesOf(mutation);
      const text = bytes.toString('utf8');
      const own = orFault(() => ({ value: parseJson(text, UNLIMITED, failed) }));
      const expected = attempt(text);
      deepStrictEqual(own, expected);
      const ofBytes = orFault(() => ({ value: parseJson(bytes, UNLIMITED, failed) }));
      /* A byte order mark is one of bytes, and no part of the text. */
      if (ofBytes !== null) deepStrictEqual(ofBytes, attempt(text.replace(/^\ufeff/, '')));
      else ok(expected === null || text.includes('\ufffd'));
    },
  ),
  property(
    'json: an object has each of its outer keys once',
    'value',
    fc.array(fc.tuple(key, value), { maxLength: 6 }),
    (entries) => {
      const text = `{${entries.map(([name, of]) => `${JSON.stringify(name)}:${JSON.stringify(of)}`).join()}}`;
      const parsed = orFault(() => parseJsonObject(text, UNLIMITED, failed));
      strictEqual(parsed === null, new Set(entries.map(([name]) => name)).size < entries.length);
      if (parsed !== null) ok(isObject(parsed));
    },
  ),
  property('json: what is written for others is well formed, and read back is what it was', 'value', value, (of) => {
    const text = jsonText(of);
    ok(text.isWellFormed());
    deepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(wellFormed(of))));
  }),
  property(
    'json: integers of any length up to 128 bits are written as they were read',
    'value',
    fc.dictionary(key, fc.oneof(fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n }), fc.maxSafeInteger(), value)),
    (of) => {
      const text = jsonText(wellFormed(of));
      const read = parseExactObject(text, UNLIMITED, failed);
      strictEqual(jsonText(read.exact), text);
      deepStrictEqual(read.value, JSON.parse(text));
    },
  ),
  property(
    'json: a text that is cut keeps its characters whole',
    'text',
    fc.tuple(textOf(), fc.nat(50)),
    ([text, length]) => {
      const cut = cutText(text, length);
      ok(text.startsWith(cut) && cut.length <= length && cut.length >= Math.min(text.length, length) - 1);
      ok(cut.isWellFormed() || !text.isWellFormed());
    },
  ),
];
