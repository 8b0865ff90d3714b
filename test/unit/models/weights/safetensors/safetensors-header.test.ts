import { parseSafetensorsHeader } from '#src/models/weights/safetensors/safetensors-header.js';
import { entry, errorOf, fileOf } from '../build-safetensors.js';

const parse = (header: string | object, dataBytes: number): ReturnType<typeof parseSafetensorsHeader> => {
  const file = fileOf(header);
  return parseSafetensorsHeader(file.subarray(8), file.length + dataBytes, 'unet.safetensors');
};

describe('accepts', () => {
  it('tensors in any order of names, listed in file order, with offsets from the start of the file', () => {
    const header = { b: entry('F16', [2, 3], 4, 16), a: entry('F32', [], 0, 4), c: entry('I64', [0, 7], 16, 16) };
    const start = 8 + JSON.stringify(header).length;
    const { tensors, metadata } = parse(header, 16);
    expect([...tensors]).toEqual([
      ['a', { dtype: 'F32', shape: [], offset: start, byteLength: 4 }],
      ['b', { dtype: 'F16', shape: [2, 3], offset: start + 4, byteLength: 12 }],
      ['c', { dtype: 'I64', shape: [0, 7], offset: start + 16, byteLength: 0 }],
    ]);
    expect(metadata.size).toBe(0);
  });

  it('no tensors, padding with spaces, metadata', () => {
    const { tensors, metadata } = parse('{"__metadata__":{"format":"pt","note":"a:b,{c}\\"["}}     ', 0);
    expect(tensors.size).toBe(0);
    expect([...metadata]).toEqual([
      ['format', 'pt'],
      ['note', 'a:b,{c}"['],
    ]);
  });

  it('null metadata, and unknown fields', () => {
    expect(parse('{"__metadata__":null}', 0).metadata.size).toBe(0);
    const grown = { a: { ...entry('BOOL', [3], 0, 3), comment: { deep: [{ er: 1 }] } } };
    expect(parse(grown, 3).tensors.get('a')?.byteLength).toBe(3);
  });

  it('elements of less than a byte that fill whole bytes', () => {
    expect(parse({ a: entry('F4', [6], 0, 3), b: entry('F6_E2M3', [4], 3, 6) }, 6).tensors.size).toBe(2);
  });

  it('names of JavaScript properties, without harm', () => {
    const header =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    const { tensors } = parse(header, 2);
    expect([...tensors.keys()]).toEqual(['__proto__', 'constructor']);
    expect((tensors as unknown as { dtype?: string }).dtype).toBeUndefined();
    expect(({} as { dtype?: string }).dtype).toBeUndefined();
  });
});

describe('refuses', () => {
  const tensor = JSON.stringify(entry('F32', [1], 0, 4));
  const shape = (dims: string): string => `{"a":{"dtype":"F32","shape":${dims},"data_offsets":[0,4]}}`;
  const offsets = (range: string): string => `{"a":{"dtype":"F32","shape":[1],"data_offsets":${range}}}`;

  it.each<[what: string, header: string | object, dataBytes: number, says: string]>([
    ['an empty header', '', 0, 'does not begin with "{"'],
    ['text', 'hello', 0, 'does not begin with "{"'],
    ['a list', `[${tensor}]`, 4, 'does not begin with "{"'],
    ['a space before the brace', ` {"a":${tensor}}`, 4, 'does not begin with "{"'],
    ['broken JSON', '{"a":', 0, 'not JSON in UTF-8'],
    ['two objects', `{"a":${tensor}}{}`, 4, 'not JSON in UTF-8'],
    ['a NUL after the object', `{"a":${tensor}}\0`, 4, 'not JSON in UTF-8'],
    ['NaN', shape('[NaN]'), 4, 'not JSON in UTF-8'],
    ['a name twice', `{"a":${tensor},"a":${tensor}}`, 4, 'the key "a" twice'],
    ['a name twice, once escaped', `{"a":${tensor},"\\u0061":${tensor}}`, 4, 'the key "a" twice'],
    ['a field twice', '{"a":{"dtype":"F16","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4, 'the key "dtype" twice'],
    ['metadata twice', '{"__metadata__":{},"__metadata__":{}}', 0, 'the key "__metadata__" twice'],
    ['metadata that is a list', '{"__metadata__":[]}', 0, '"__metadata__" is [], not an object'],
    ['metadata that is text', '{"__metadata__":"pt"}', 0, '"__metadata__" is "pt", not an object'],
    ['metadata with a number', '{"__metadata__":{"epoch":3}}', 0, '"__metadata__" maps "epoch" to 3, not text'],
    ['a tensor that is null', '{"a":null}', 0, 'tensor "a": "dtype" is missing'],
    ['a tensor that is a list', '{"a":[]}', 0, 'tensor "a": "dtype" is missing'],
    ['no dtype', '{"a":{"shape":[1],"data_offsets":[0,4]}}', 4, '"dtype" is missing'],
    ['an unknown dtype', { a: entry('F33', [1], 0, 4) }, 4, '"dtype" is "F33"'],
    ['a dtype that is a member of Object', { a: entry('toString', [1], 0, 4) }, 4, '"dtype" is "toString"'],
    ['a dtype that is a number', '{"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}', 4, '"dtype" is 32'],
    ['no shape', '{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4, '"shape" is missing'],
    ['a shape that is a number', shape('1'), 4, '"shape" is 1'],
    ['a shape that is text', shape('"[1]"'), 4, '"shape" is "[1]"'],
    ['a negative dimension', shape('[-1,-1]'), 4, '"shape" is [-1,-1]'],
    ['a fraction', shape('[0.5,2]'), 4, '"shape" is [0.5,2]'],
    ['a dimension of 2^64', shape('[18446744073709551616]'), 4, '"shape" is [18446744073709552000]'],
    ['a dimension that is text', shape('["1"]'), 4, '"shape" is ["1"]'],
    ['a dimension that is null', shape('[null]'), 4, '"shape" is [null]'],
    ['a list in the shape', shape('[[1]]'), 4, '"shape" is [[1]]'],
    ['rank 9', shape(JSON.stringify(Array(9).fill(1))), 4, 'at most 8 integers'],
    ['rank 1000', shape(JSON.stringify(Array(1000).fill(1))), 4, '…, not a list of at most 8'],
    ['a product beyond 2^53', shape('[4294967296,4294967296]'), 4, 'no countable number of whole bytes'],
    ['a product beyond 2^53 behind a zero', shape('[9007199254740991,9007199254740991,0]'), 4, 'no countable number'],
    ['a shape that needs more', shape('[2]'), 4, 'F32 [2] is 8 bytes, but "data_offsets" [0,4] have 4'],
    [
      'a shape that needs less',
      { a: entry('F16', [1], 0, 4) },
      4,
      'F16 [1] is 2 bytes, but "data_offsets" [0,4] have 4',
    ],
    ['half a byte', { a: entry('F4', [3], 0, 2) }, 2, 'no countable number of whole bytes'],
    ['no offsets', '{"a":{"dtype":"F32","shape":[1]}}', 4, '"data_offsets" is missing'],
    ['one offset', offsets('[0]'), 4, '"data_offsets" is [0]'],
    ['three offsets', offsets('[0,4,8]'), 4, '"data_offsets" is [0,4,8]'],
    ['a negative offset', offsets('[-4,0]'), 4, '"data_offsets" is [-4,0]'],
    [
      'an offset of 2^64',
      offsets('[18446744073709551616,18446744073709551620]'),
      4,
      '"data_offsets" is [1844674407370955',
    ],
    ['an end before its beginning', offsets('[4,0]'), 4, '"data_offsets" [4,0] have -4'],
    ['overlapping tensors', { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 2, 6) }, 6, 'tensor "b": its data begins'],
    [
      'one range for two tensors',
      { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 0, 4) },
      4,
      'overlaps the tensor before it',
    ],
    ['a hole', { a: entry('U8', [4], 0, 4), b: entry('U8', [4], 5, 9) }, 9, 'leaves a hole before it'],
    ['a hole before the first', { a: entry('U8', [4], 4, 8) }, 8, 'leaves a hole before it'],
    ['an empty tensor inside another', { a: entry('U8', [4], 0, 4), b: entry('U8', [0], 2, 2) }, 4, 'overlaps'],
    ['data after the last tensor', { a: entry('U8', [4], 0, 4) }, 5, '1 bytes after its last tensor belong to none'],
    ['data without tensors', '{}', 100, '100 bytes after its last tensor belong to none'],
    ['16 levels of nesting', `{"a":${'['.repeat(15)}${']'.repeat(15)}}`, 0, 'nests 16 levels deep'],
  ])('%s', async (_, header, dataBytes, says) => {
    const error = await errorOf('WEIGHTS_HEADER_INVALID', () => parse(header, dataBytes));
    expect(error.message).toContain(says);
    expect(error.message).toMatch(/^unet\.safetensors/);
    expect(error.message.length).toBeLessThan(500);
  });

  it('a truncated file, with the size it should have', async () => {
    const header = { a: entry('F32', [1000], 0, 4000), b: entry('F32', [1000], 4000, 8000) };
    const needed = 8 + JSON.stringify(header).length + 8000;
    const { message } = await errorOf('WEIGHTS_HEADER_INVALID', () => parse(header, 5000));
    expect(message).toContain(
      `the file is ${needed - 3000} bytes, its header needs ${needed}: the download is incomplete`,
    );
  });

  it('text that is not UTF-8', async () => {
    const header = Buffer.from(`{"a\xff":${tensor}}`, 'latin1');
    const parsing = (): unknown => parseSafetensorsHeader(header, 8 + header.length + 4, 'x');
    expect((await errorOf('WEIGHTS_HEADER_INVALID', parsing)).message).toContain('not JSON in UTF-8');
  });

  it('a million levels of nesting and millions of lists, before parsing them', async () => {
    const deep = await errorOf('WEIGHTS_HEADER_INVALID', () => parse(`{"a":${'['.repeat(1e6)}`, 0));
    expect(deep.message).toContain('nests 1000001 levels deep');
    const wide = await errorOf('WEIGHTS_HEADER_INVALID', () => parse(`{"a":[${'[],'.repeat(2e6)}0]}`, 0));
    expect(wide.message).toContain('JSON tokens, more than 4000000');
  });

  it('more than 100 000 tensors', async () => {
    const many = Array.from({ length: 100_001 }, (_, i) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`);
    const { message } = await errorOf('WEIGHTS_HEADER_INVALID', () => parse(`{${many.join()}}`, 0));
    expect(message).toContain('100001 tensors');
  });

  it('a name of control characters, shown harmlessly', async () => {
    const { message } = await errorOf('WEIGHTS_HEADER_INVALID', () => parse({ '\u001b[2J\n': null }, 0));
    expect(message).toContain('tensor "\\u001b[2J\\n"');
  });
});
