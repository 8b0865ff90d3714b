import { deflateSync } from 'node:zlib';
import { MAX_ALL_TEXT_BYTES, MAX_TEXT_BYTES, MAX_TEXTS } from '#src/media/metadata/limits.js';
import { readTextChunks, type TextEntry } from '#src/media/metadata/read-text-chunks.js';
import { chunk, iTXt, png, tEXt, warned, zTXt } from './build-pictures.js';

const read = (...pngs: Parameters<typeof png>): { value: TextEntry[]; warnings: readonly string[] } =>
  warned((warn) => readTextChunks(png(...pngs), warn));

it('texts that cannot be decompressed are tried a few times, not each: all of them together cost little', () => {
  const bomb = deflateSync(Buffer.alloc(8 * 2 ** 20 + 1));
  const bombs = Array.from({ length: 400 }, () => chunk('zTXt', Buffer.concat([Buffer.from('k\0\0', 'latin1'), bomb])));
  const before = process.cpuUsage();
  const { value, warnings } = warned((warn) => readTextChunks(png([...bombs, tEXt('parameters', 'x')]), warn));
  const { user, system } = process.cpuUsage(before);
  expect(value).toEqual([]);
  expect(warnings.at(-1)).toBe('The PNG has more than 8 texts that cannot be read; the others are ignored.');
  /* Each of 400 would take some 10 ms. */
  expect((user + system) / 1000).toBeLessThan(1500);
});

it('every kind, before and after the pixels', () => {
  const { value, warnings } = read(
    [tEXt('parameters', 'a'), zTXt('two words', Buffer.from('b'))],
    [iTXt('prompt', '山'), iTXt('workflow', '山の朝', true)],
  );
  expect(value).toEqual([
    { keyword: 'parameters', text: 'a' },
    { keyword: 'two words', text: 'b' },
    { keyword: 'prompt', text: '山' },
    { keyword: 'workflow', text: '山の朝' },
  ]);
  expect(warnings).toEqual([]);
});

it('UTF-8 where the bytes are UTF-8, else Latin-1', () => {
  const { value } = read([
    tEXt('latin', Buffer.from('café', 'latin1')),
    tEXt('utf8', Buffer.from('café ☕')),
    zTXt('utf8z', Buffer.from('山')),
  ]);
  expect(value.map(({ text }) => text)).toEqual(['café', 'café ☕', '山']);
});

it('what follows a damaged chunk is read', () => {
  const { value, warnings } = read([
    chunk('tEXt', 'no end of the keyword'),
    chunk('tEXt', '\0no keyword'),
    chunk('zTXt', 'unknown method\0\x07abc'),
    chunk('zTXt', 'no stream\0\0abc'),
    chunk('iTXt', 'short\0\0'),
    tEXt('sound', 'x'),
  ]);
  expect(value).toEqual([{ keyword: 'sound', text: 'x' }]);
  expect(warnings).toEqual([
    'Ignored a malformed tEXt chunk.',
    'Ignored a malformed zTXt chunk.',
    expect.stringContaining('"no stream" cannot be decompressed'),
    'Ignored a malformed iTXt chunk.',
  ]);
});

it('a wrong checksum gives a warning, and the text is kept', () => {
  const broken = tEXt('parameters', 'a fox');
  broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
  const { value, warnings } = read([broken]);
  expect(value).toEqual([{ keyword: 'parameters', text: 'a fox' }]);
  expect(warnings).toEqual(['The text "parameters" has a wrong checksum.']);
});

it('a cut file gives what is whole', () => {
  const whole = png([tEXt('a', 'x'), tEXt('b', 'y')]);
  const { value, warnings } = warned((warn) => readTextChunks(whole.subarray(0, 60), warn));
  expect(value).toEqual([{ keyword: 'a', text: 'x' }]);
  expect(warnings).toEqual(['The PNG is truncated inside a chunk.']);
});

it('a text over the limit is ignored, plain or compressed', () => {
  const large = Buffer.alloc(MAX_TEXT_BYTES + 1, 'a');
  const { value, warnings } = read([tEXt('plain', large), zTXt('bomb', large), tEXt('small', 'x')]);
  expect(value).toEqual([{ keyword: 'small', text: 'x' }]);
  expect(warnings).toHaveLength(2);
});

it('many texts together stay under a limit', () => {
  const large = Buffer.alloc(MAX_TEXT_BYTES, 'a');
  const { value } = read([zTXt('1', large), zTXt('2', large), zTXt('3', large), tEXt('4', 'x')]);
  expect(value.map(({ keyword }) => keyword)).toEqual(['1', '2']);
  expect(value.reduce((sum, { text }) => sum + text.length, 0)).toBe(MAX_ALL_TEXT_BYTES);
  const many = Array.from({ length: MAX_TEXTS + 5 }, (_, index) => tEXt(`k${index}`, 'x'));
  expect(read(many).value).toHaveLength(MAX_TEXTS);
});

it('a truncated stream is ignored', () => {
  const cut = deflateSync(Buffer.alloc(1000, 'abc')).subarray(0, -6);
  const { value } = read([chunk('zTXt', Buffer.concat([Buffer.from('a\0\0'), cut]))]);
  expect(value).toEqual([]);
});
