import { readJsonl } from '#src/run/manifest/formats/read-jsonl.js';
import { chunksOf, collect } from '../manifests.js';
import { expectSoon } from '../../../../support/expect-soon.js';

const read = (text: string | Buffer, sizes?: readonly number[]) => collect(readJsonl(chunksOf(text, sizes), 'm.jsonl'));

describe('readJsonl', () => {
  it('separates known from unknown keys, skips blank lines and null, and counts lines', async () => {
    expect(
      await read('\uFEFF\n{"image":"a","num_inference_steps":3,"seed":null,"name":null}\r\n  \n{"prompt":""}\n\x1a'),
    ).toEqual([
      {
        line: 2,
        known: [
          ['image', 'a'],
          ['steps', 3, 'num_inference_steps'],
        ],
        extra: { name: null },
      },
      { line: 4, known: [['prompt', '']], extra: {} },
    ]);
  });

  it.each([
    ['{"image":}', /one JSON object on the line, .*: it is not JSON: Unexpected token/],
    ['{"image":"a" "prompt":"b"}', /at position 13/],
    ['{"image":"a"', /JSON/],
    ['[1]', /like \{"image".*: it begins a list; write each object of the list on a line of its own/],
    ['[{"image":"a"},', /it begins a list/],
    ['{', /it begins an object of several lines; write each object on one line/],
    ['"text"', /like \{"image"/],
    ['null', /like \{"image"/],
    ['{"image":"a.png","prompt":"a","prompt":"b"}', /: it has the key "prompt" twice$/],
    ['{"x":' + '['.repeat(100_000) + ']'.repeat(100_000) + '}', /it nests 100001 levels deep, more than 64/],
  ])('makes %s a row with a problem, and reads on', async (text, problem) => {
    const rows = await read(`${text}\n{"image":"a"}\n`);
    expect(rows[0]).toEqual({ line: 1, problem: expect.stringMatching(problem) as string });
    expect(rows[1]).toEqual({ line: 2, known: [['image', 'a']], extra: {} });
  });

  it('lets keys of Object.prototype be keys like any other', async () => {
    const [row] = await read('{"__proto__":{"image":"evil"},"constructor":1,"image":"a"}');
    expect(row).toMatchObject({ known: [['image', 'a']] });
    expect(JSON.stringify((row as { extra: object }).extra)).toBe('{"__proto__":{"image":"evil"},"constructor":1}');
    expect(Object.getPrototypeOf((row as { extra: object }).extra)).toBe(Object.prototype);
  });

  it('ends the run at a slip, naming input, line, key and the nearest key', async () => {
    await expect(read('{"image":"a"}\n{"strenght":0.5}\n')).rejects.toMatchObject({
      code: 'MANIFEST_KEY_UNKNOWN',
      message:
        'Unknown key "strenght" (m.jsonl, line 2): did you mean "strength"? Correct it, or rename a key of your own',
      context: { input: 'm.jsonl', line: 2, key: 'strenght', nearest: 'strength' },
    });
  });

  it('keeps all digits of integers in unknown keys, and reads known ones but seeds as numbers', async () => {
    const [row] = await read(
      '{"image":"a","seed":12345678901234567890,"sigmas":[12345678901234567890,1],"my_id":-12345678901234567890,"in":{"list":[9007199254740993,1,"12345678901234567890"]}}',
    );
    expect(row).toEqual({
      line: 1,
      known: [
        ['image', 'a'],
        ['seed', 12345678901234567890n],
        ['sigmas', [12345678901234567000, 1]],
      ],
      extra: { my_id: -12345678901234567890n, in: { list: [9007199254740993n, 1, '12345678901234567890'] } },
    });
  });

  it('compares an unknown key with the known ones once, not in every row', async () => {
    const row = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`aesthetic_value_${at}`, at]));
    const start = performance.now();
    expect(await read(`${JSON.stringify(row)}\n`.repeat(5000))).toHaveLength(5000);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('gives the same rows whatever the chunks', async () => {
    const text = '\uFEFF{"image":"日本.png","prompt":"🐈 \\n"}\r\n\n{bad\n{"image":"b","x":[1,{"y":"é"}]}';
    const whole = await read(text);
    expect(whole).toHaveLength(3);
    for (const sizes of [[1], [2, 5], [3], [17, 1]]) expect(await read(text, sizes)).toEqual(whole);
  });

  it.each([
    [
      'keys',
      `{${Array.from({ length: 300_000 }, (_, at) => `"k${at}":1`).join(',')}}`,
      /has at least 100000 keys, more than 10000/,
    ],
    ['lists', `{"x":[${'[],'.repeat(1_000_000)}1]}`, /has at least 200001 JSON tokens, more than 200000/],
  ])('builds nothing of a line with too many %s', async (_what, line, problem) => {
    const rows = await expectSoon(() => read(`${line}\n{"image":"a"}\n`), 5);
    expect(rows[0]).toEqual({ line: 1, problem: expect.stringMatching(problem) });
    expect(rows[1]).toMatchObject({ known: [['image', 'a']] });
  });
});
