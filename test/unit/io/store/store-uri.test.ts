/** URIs of object storage. */
import { formatStoreUri, isStorePlace, isStoreUri, parseStoreUri } from '#src/io/store/store-uri.js';

it.each([
  ['s3://bucket', { scheme: 's3', bucket: 'bucket', key: '' }],
  ['s3://bucket/', { scheme: 's3', bucket: 'bucket', key: '' }],
  ['gs://my.bucket/a/b c.png', { scheme: 'gs', bucket: 'my.bucket', key: 'a/b c.png' }],
  ['az://$web/été/', { scheme: 'az', bucket: '$web', key: 'été/' }],
  ['S3://bucket/x?y#z', { scheme: 's3', bucket: 'bucket', key: 'x?y#z' }],
])('reads %s', (uri, place) => {
  expect(isStoreUri(uri)).toBe(true);
  expect(parseStoreUri(uri)).toEqual(place);
});

it('writes a place as it was read', () => {
  expect(formatStoreUri(parseStoreUri('gs://bucket/a b.png'))).toBe('gs://bucket/a b.png');
});

it.each(['C:\\pictures', 'c://x', 'https://host/x', 'pictures/s3', 's3:', 'data:,x', 's3/bucket', ''])(
  '%j is no such place',
  (text) => {
    expect(isStoreUri(text)).toBe(false);
  },
);

it.each(['https://host/x', 'file:///x', 'S4://bucket'])('%s is no place to write to, and no path either', (text) => {
  expect(() => isStorePlace(text)).toThrow(/begins with s3:\/\/.*scheme.*or give a path of this machine/);
});

it('a place to write to is a path, or a URI', () => {
  expect(['out', 'C:\\out', '/out/s3:', 's3://bucket/out'].map(isStorePlace)).toEqual([false, false, false, true]);
});

it.each([
  ['s3://', 'no name between the slashes'],
  ['s3:///key', 'no name between the slashes'],
  ['s3://ab', '"ab"'],
  ['s3://bucket:9000/x', 'Other hosts are named by variables'],
  ['s3://bu cket/x', '"bu cket"'],
  ['s3a://bucket/x', 's3://<bucket>/<name>'],
  ['gcs://bucket/x', 'gs://<bucket>/<name>'],
  ['abfss://container/x', 'az://<container>/<name>'],
  ['s3://bucket/../x', '".."'],
  ['s3://bucket/a//b', 'a part without a name'],
  ['s3://bucket//a', 'a slash at its beginning'],
  ['s3://bucket/a\nb', 'control characters'],
])('refuses %j and says why', (uri, why) => {
  expect(isStoreUri(uri)).toBe(true);
  expect(() => parseStoreUri(uri)).toThrow(expect.objectContaining({ code: 'STORE_URI_INVALID' }));
  expect(() => parseStoreUri(uri)).toThrow(why);
});

it.each([
  's3://AKIAEXAMPLE:verysecret@bucket/x',
  'az://container/x?sv=2024&sig=verysecret',
  'az://container?sv=2024&sig=verysecret',
  's3://AKIAEXAMPLE:verysecret/x',
  's3://bucket#verysecret',
  's3://bucket/x?X-Amz-Signature=verysecret',
])('does not repeat the secret in %s', (uri) => {
  const message = ((): string => {
    try {
      parseStoreUri(uri);
      return '';
    } catch (thrown) {
      return String(thrown);
    }
  })();
  expect(message).toContain('never in a URI');
  expect(message).not.toContain('verysecret');
});

it('knows no scheme by the names of what every object has', () => {
  expect(() => parseStoreUri('constructor://bucket/x')).toThrow(/Write the bucket as one of these/);
});

it('takes a name with an ampersand, and no signed URL', () => {
  expect(parseStoreUri('s3://bucket/a&sig=b.png')).toMatchObject({ key: 'a&sig=b.png' });
  for (const end of ['?sig=x', '#sig=x', '?a=b&c&X-Amz-Signature=x', '?&&x-goog-signature=y']) {
    expect(() => parseStoreUri(`s3://bucket/a.png${end}`)).toThrow(/a signature in the URI/);
  }
});
