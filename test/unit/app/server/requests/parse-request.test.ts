import type { RefineError } from '#src/errors.js';
import { parseRequest } from '#src/app/server/requests/parse-request.js';
import { parseJsonBody } from '#src/app/server/requests/json-body.js';

/** As the model card prints it. */
const CARD_REQUEST = `{
   "input_data": {
        "columns": ["prompt", "image"],
        "data": [
            {
                "prompt": "Face of a yellow cat, high resolution, sitting on a park bench",
                "image": "image1",
            },
            {
                "prompt": "Face of a green cat, high resolution, sitting on a park bench",
                "image": "image2",
            }
        ],
        "index": [0, 1]
    }
}`;
const context = { options: { guidance_scale: 3, steps: 20 }, runSeed: 11 };
const limits = { maxRows: 2 };
const parse = (body: unknown): ReturnType<typeof parseRequest> => parseRequest(body, context, limits);
const image = 'A'.repeat(64);
const row = { image, prompt: 'a cat' };
const of = (rows: readonly unknown[], rest: object = {}): object => ({ input_data: { data: rows }, ...rest });

it('takes a row over its params over the request’s params over the options over the defaults', async () => {
  const rows = [{ ...row, params: { strength: 0.4, seed: 3, num_inference_steps: 30 }, seed: 4 }, row];
  const [first, second] = await parse(of(rows, { params: { strength: 0.5, negative_prompt: 'dogs' } }));
  expect(first!.settings).toMatchObject({
    seed: 4,
    strength: 0.4,
    steps: 30,
    guidanceScale: 3,
    negativePrompt: 'dogs',
  });
  expect(second!.settings).toMatchObject({ seed: 11, strength: 0.5, steps: 20, aestheticScore: 6 });
});

it('takes whatever is no URL for base64, never for a path', async () => {
  const rows = await parse(of([row, { ...row, image: '/etc/passwd' }]));
  expect(rows.map(({ source }) => source)).toEqual([
    { kind: 'inline', text: `data:;base64,${image}` },
    { kind: 'inline', text: 'data:;base64,/etc/passwd' },
  ]);
  const [url] = await parse(of([{ ...row, image: 'https://example.com/a.png' }]));
  expect(url!.source).toEqual({ kind: 'url', url: 'https://example.com/a.png' });
});

it.each(['http://x/../../../etc/a', 'data:image/png;base64,AAAA', 'file:///etc/passwd', '/etc/passwd', ''])(
  'takes %j behind white space for what it is without',
  async (image) => {
    const sourceOf = async (text: string): Promise<unknown> =>
      parse(of([{ ...row, image: text }])).then(
        ([only]) => only!.source,
        (thrown: unknown) => (thrown as RefineError).code,
      );
    const plain = await sourceOf(image);
    expect(plain).not.toEqual(expect.objectContaining({ kind: 'file' }));
    for (const space of [' ', '\n', '\t\r\n', '\u00a0', '\ufeff']) expect(await sourceOf(space + image)).toEqual(plain);
  },
);

it('skips null cells', async () => {
  const columns = ['image', 'prompt', 'seed'];
  const [only] = await parse({ input_data: { columns, index: [7], data: [[image, 'a cat', null]] } });
  expect(only!.settings.seed).toBe(11);
});

describe.each<[string, unknown]>([
  ['text', 'x'],
  ['a number', 1e308],
  ['true', true],
  ['null', null],
  ['a list', [1, ['a'], {}]],
  ['an object', { strenght: 1, image: 5 }],
  ['a deep value', JSON.parse('['.repeat(50) + ']'.repeat(50))],
])('skips unknown columns that hold %s', (_what, cell) => {
  it.each(['camera', '', '__proto__', 'width', 'refiner_steps', 'id', 'a name that is far longer than any key is'])(
    'called %j',
    async (name) => {
      const [expected] = await parse(of([row]));
      const asRecord = Object.fromEntries([...Object.entries(row), [name, cell]]);
      for (const input of [
        { columns: ['image', name, 'prompt'], data: [[image, cell, 'a cat']] },
        { columns: ['image', name, name, 'prompt'], data: [[image, cell, cell, 'a cat']] },
        { data: [asRecord] },
        [asRecord],
      ]) {
        expect(await parse({ input_data: input })).toEqual([expected]);
      }
      const [withParams] = await parse(of([row], { params: { [name]: cell } }));
      expect(withParams).toEqual(expected);
    },
  );
});

it('skips columns whose names are no text, as pandas numbers them', async () => {
  const columns = ['image', 0, null, ['a', 1], 'prompt'];
  const [only] = await parse({ input_data: { columns, data: [[image, 1, 2, 3, 'a cat']] } });
  expect(only).toEqual((await parse(of([row])))[0]);
});

it.each([
  ['no object', 5, 'REQUEST_INVALID', /a JSON object like .*, got 5/],
  ['no input_data', { inputs: [] }, 'REQUEST_INVALID', /the key input_data, found inputs/],
  ['no data', { input_data: {} }, 'REQUEST_INVALID', /the rows, found none/],
  ['no rows', of([]), 'REQUEST_INVALID', /at least one row/],
  ['too many rows', of([row, row, row]), 'REQUEST_TOO_LARGE', /at most 2 rows in a request, found 3/],
  ['lists without columns', of([[image, 'p']]), 'REQUEST_INVALID', /columns, the names of the cells/],
  [
    'a short row',
    { input_data: { columns: ['image', 'prompt'], data: [[image]] } },
    'REQUEST_INVALID',
    /2 cells.*got 1/,
  ],
  ['a column twice', { input_data: { columns: ['prompt', 'prompt'], data: [] } }, 'REQUEST_INVALID', /"prompt" twice/],
  [
    'an index of another length',
    { input_data: { index: [], data: [row] } },
    'REQUEST_INVALID',
    /each of the 1 rows, got 0/,
  ],
  ['params twice', { input_data: { data: [row], params: {} }, params: {} }, 'REQUEST_INVALID', /found both/],
  ['params that are none', of([row], { params: [1] }), 'REQUEST_INVALID', /params to be an object/],
  ['a slip', of([{ ...row, strenght: 1 }]), 'REQUEST_INVALID', /"strenght" \(row 0\): did you mean "strength"/],
  ['another program’s name', of([row], { params: { denoise: 1 } }), 'REQUEST_INVALID', /did you mean "strength"/],
  ['a slip in params', of([row], { params: { sead: 1 } }), 'REQUEST_INVALID', /"sead" \(params\): did you mean "seed"/],
  [
    'one setting under two names',
    of([{ ...row, steps: 1, num_inference_steps: 2 }]),
    'REQUEST_INVALID',
    /"steps" and "num_inference_steps"/,
  ],
  ['a file for the result', of([{ ...row, output: 'a.png' }]), 'REQUEST_INVALID', /no output/],
  ['a file of latents', of([{ ...row, latents: 'a.npy' }]), 'REQUEST_INVALID', /no latents/],
  ['a file URL', of([{ ...row, image: 'file:///etc/passwd' }]), 'REQUEST_INVALID', /public http\(s\) URL \(row 0\)/],
  ['no prompt', of([{ image }]), 'ROW_FIELD_MISSING', /a prompt/],
  ['no image', of([{ prompt: 'p' }]), 'ROW_FIELD_MISSING', /an image, found none: add the key image, with base64/],
  ['a wrong value', of([{ ...row, strength: 2 }]), 'ROW_FIELD_INVALID', /from 0 to 1, got 2/],
  [
    'too many columns',
    { input_data: { columns: Array.from({ length: 150_000 }, (_, at) => `c${at}`), data: [] } },
    'REQUEST_INVALID',
    /at most 1000 columns, found 150000/,
  ],
  [
    'too many keys',
    of([Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`c${at}`, 1]))]),
    'REQUEST_INVALID',
    /at most 1000 keys \(row 0\), found 2000/,
  ],
])('refuses %s', async (_what, body, code, message) => {
  await expect(parse(body)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

it('says which row is wrong', async () => {
  await expect(parse(of([row, { ...row, steps: 0 }]))).rejects.toMatchObject({ context: { row: 1 } });
});

it.each([
  ['[1, 2', /Expected JSON/],
  [CARD_REQUEST, /trailing comma at line 7, column 34: JSON has none; remove it/],
  ['', /empty body/],
  [Buffer.from([0x22, 0xc3, 0x28, 0x22]), /UTF-8/],
  [Buffer.from('{}', 'utf16le'), /Expected JSON/],
  ['['.repeat(65) + ']'.repeat(65), /nests 65 levels deep, more than 64/],
  [`[${'[],'.repeat(100_000)}1]`, /has at least 100001 JSON tokens, more than 100000/],
])('refuses bytes that are no JSON: %s', (bytes, message) => {
  expect(() => parseJsonBody(Buffer.from(bytes as string))).toThrow(message);
});
