/** Names of objects in rows. */
import { inputPlaces } from '#src/run/batch/earlier-inputs.js';
import { parseLatentsSource, parsePictureSource } from '#src/run/manifest/inputs/picture-source.js';

const uriOf = (image: string, folder: string): unknown => parsePictureSource(image, folder).source;

it.each([
  ['a b.png', 's3://bucket/in', 's3://bucket/in/a b.png'],
  ['./sub/é.png', 's3://bucket/in', 's3://bucket/in/sub/é.png'],
  ['a.png', 's3://bucket', 's3://bucket/a.png'],
  ['gs://other/a.png', 's3://bucket/in', 'gs://other/a.png'],
  ['az://container/a.png', '/local', 'az://container/a.png'],
])('%s of a manifest in %s is %s', (image, folder, uri) => {
  expect(uriOf(image, folder)).toEqual({ kind: 'store', uri });
});

it('leaves URLs and embedded pictures as they are', () => {
  expect(uriOf('https://host/a.png', 's3://bucket')).toEqual({ kind: 'url', url: 'https://host/a.png' });
  expect(uriOf('data:image/png;base64,AAAA', 's3://bucket')).toMatchObject({ kind: 'inline' });
});

it.each([
  '../a.png',
  '/etc/passwd',
  'file:///etc/passwd',
  'a\\b.png',
  'sub/',
  '',
  's3a://bucket/a.png',
  's3://b\0x/a.png',
])('%j of a manifest in object storage is refused', (image) => {
  expect(() => uriOf(image, 's3://bucket/in')).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }));
});

it('refuses latents in object storage', () => {
  for (const [latents, folder] of [
    ['s3://bucket/a.npy', '/local'],
    ['a.npy', 's3://bucket'],
  ] as const) {
    expect(() => parseLatentsSource(latents, folder)).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }));
  }
});

it('names inputs as results are compared by', async () => {
  expect(await inputPlaces(['s3://bucket/in/', 's3://bucket/m.jsonl', 's3://bucket/in/a.png'], '/')).toEqual([
    's3://bucket/in',
    's3://bucket/m.jsonl',
  ]);
});
