import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLatentsSource, parsePictureSource } from '#src/run/manifest/inputs/picture-source.js';

const HEADS: Record<string, Buffer> = {
  png: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
  jpeg: Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  gif: Buffer.from('GIF89a'),
  tiff: Buffer.from('II*\0', 'latin1'),
  'big-endian tiff': Buffer.from('MM\0*', 'latin1'),
  webp: Buffer.from('RIFF\x10\0\0\0WEBP', 'latin1'),
  avif: Buffer.from('\0\0\0\x20ftypavif', 'latin1'),
};
const base64Of = (head: Buffer): string => Buffer.concat([head, Buffer.alloc(300, 7)]).toString('base64');

describe('parsePictureSource', () => {
  it.each([
    ['cat.png', '/data/cat.png'],
    ['sub/../cat.png', '/data/cat.png'],
    ['/other/cat.png', '/other/cat.png'],
    ['a:b.png', '/data/a:b.png'],
    ['iVBORw0KGgo', '/data/iVBORw0KGgo'],
    ['file:///other/a%20cat.png', '/other/a cat.png'],
  ])('takes %s for a file', (image, path) => {
    expect(parsePictureSource(image, '/data')).toEqual({ source: { kind: 'file', path }, sourceText: image });
  });

  it('takes backslashes for slashes where no file has them in its name', () => {
    const data = mkdtempSync(join(tmpdir(), 'sdxl-refine-'));
    mkdirSync(join(data, 'sub'));
    for (const name of ['sub/1.png', '2.png', 'sub\\2.png']) writeFileSync(join(data, name), '');
    const pathOf = (image: string) => parsePictureSource(image, data).source;
    expect(pathOf('.\\sub\\..\\sub\\1.png')).toEqual({ kind: 'file', path: join(data, 'sub/1.png') });
    expect(pathOf('sub\\2.png')).toEqual({ kind: 'file', path: join(data, 'sub\\2.png') });
    expect(pathOf('sub\\3.png')).toEqual({ kind: 'file', path: join(data, 'sub\\3.png') });
  });

  it('takes the bytes of a file URL that are not UTF-8 for those of the name', () => {
    const read = parsePictureSource('file:///data/caf%E9%20%C3%A9.png', '/');
    expect(read.source).toEqual({ kind: 'file', path: '/data/caf\udce9 é.png' });
    for (const url of ['file:///data/caf%E9%2F.png', 'file://host/caf%E9.png', 'file:///data/%E9%00.png']) {
      expect(() => parsePictureSource(url, '/')).toThrow('Expected image to be');
    }
  });

  it.each(['https://example.org/a.png?x=1', 'HTTP://example.org/a.png'])('takes %s for a URL', (image) => {
    expect(parsePictureSource(image, '/data')).toEqual({
      source: { kind: 'url', url: new URL(image).href },
      sourceText: image,
    });
  });

  it.each(Object.entries(HEADS))('takes base64 of a %s for the picture, and shows its beginning', (_, head) => {
    const text = base64Of(head);
    const { source, sourceText } = parsePictureSource(text, '/data');
    expect(source).toEqual({ kind: 'inline', text });
    expect(sourceText).toBe(`${text.slice(0, 16)}… (${text.length} characters)`);
  });

  it('takes a data: URL for the picture, and shows its type', () => {
    const text = `data:image/png;base64,${base64Of(HEADS['png']!)}`;
    expect(parsePictureSource(text, '/data')).toEqual({
      source: { kind: 'inline', text },
      sourceText: `data:image/png;base64,… (${text.length} characters)`,
    });
  });

  it('takes base64 with line breaks for the picture', () => {
    const text = base64Of(HEADS['png']!).replaceAll(/.{76}/g, '$&\n');
    expect(parsePictureSource(text, '/data').source.kind).toBe('inline');
  });

  it('takes base64 of something else for a file name', () => {
    expect(parsePictureSource('A'.repeat(60), '/data').source.kind).toBe('file');
  });

  it.each([
    ['ftp://example.org/a.png', /http, https, s3, gs, az, file or data URL/],
    ['s3a://bucket/a.png', /s3:\/\/<bucket>/],
    ['http://', /Expected image to be a URL/],
    ['file://host/share/a.png', /Expected image to be a URL/],
    ['a\0b.png', /Expected image to be a file name/],
    ['file:///tmp/a%00b.png', /^Expected image to be a file name, got "\/tmp\/a\\u0000b.png"$/],
    [`file:///${'y/'.repeat(3000)}a`, /^Expected image to be a file name, got "\/y\/.{70,80}…$/],
    ['y/'.repeat(3000), /Expected image to be a file name, got "y\/.*…/],
  ])('refuses %j', (image, message) => {
    expect(() => parsePictureSource(image, '/data')).toThrow(message);
    expect(() => parsePictureSource(image, '/data')).toThrow(
      expect.objectContaining({ code: 'ROW_FIELD_INVALID' }) as Error,
    );
  });
});

describe('parseLatentsSource', () => {
  it('takes .safetensors, .npy, .pt and .pth files', () => {
    for (const name of ['a.safetensors', 'a.NPY', 'a.pt', 'a.pth']) {
      expect(parseLatentsSource(name, '/data')).toEqual({
        source: { kind: 'latents', path: `/data/${name}` },
        sourceText: name,
      });
    }
    expect(() => parseLatentsSource('a.ckpt', '/data')).toThrow(/\.npy, \.pt or \.pth file, got "a\.ckpt"/);
  });
});
