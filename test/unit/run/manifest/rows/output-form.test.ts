import { extensionOf, formatWithoutName, resolveEncoding } from '#src/run/manifest/rows/output-form.js';
import type { RowValues } from '#src/run/manifest/rows/row-keys.js';

const resolve = (values: RowValues, options: RowValues = {}, output: string | null = null) =>
  resolveEncoding(values, { options }, output);

describe('what a row is written as', () => {
  it('is an 8-bit PNG with metadata by default', () => {
    expect(resolve({})).toEqual({ format: 'png', quality: null, bitDepth: 8, metadata: true });
    expect(resolveEncoding({}, { options: {}, writeMetadata: false }, null)).toMatchObject({ metadata: false });
  });

  it.each([
    ['cat.png', 'png'],
    ['cat.jpg', 'jpeg'],
    ['a.png.d/cat.JPEG', 'jpeg'],
    ['cat.webp', 'webp'],
    ['cat.avif', 'avif'],
    ['cat.tif', 'tiff'],
    ['cat.TIFF', 'tiff'],
  ] as const)('is told by the name %s', (output, format) => {
    expect(resolve({}, { format: 'webp' }, output)).toMatchObject({ format });
    expect(resolve({ format }, {}, output)).toMatchObject({ format });
  });

  it('lets the row’s key beat the option', () => {
    expect(resolve({ format: 'avif', quality: 40 }, { format: 'jpeg', quality: 90 })).toMatchObject({
      format: 'avif',
      quality: 40,
    });
    expect(resolve({ bit_depth: 8 }, { bit_depth: 16 })).toMatchObject({ bitDepth: 8 });
    expect(resolve({}, { bit_depth: 16, format: 'tiff' })).toMatchObject({ bitDepth: 16, format: 'tiff' });
  });

  it('leaves out an option that this row’s format has no use for', () => {
    expect(resolve({}, { quality: 80 })).toMatchObject({ format: 'png', quality: null });
    expect(resolve({}, { quality: 80, bit_depth: 16, format: 'jpeg' }, 'x.safetensors')).toBeNull();
  });

  it.each<[RowValues, RowValues, string | null, RegExp]>([
    [{ format: 'jpeg' }, {}, 'cat.png', /agree, got "jpeg" and an output that ends in ".png": remove format/],
    [{ bit_depth: 16, format: 'jpeg' }, {}, null, /bit_depth 16 only for png and tiff, got it for jpeg/],
    [{ bit_depth: 16 }, {}, 'cat.webp', /got it for webp/],
    [{}, { bit_depth: 16, format: 'avif' }, null, /got it for avif/],
    [{ quality: 80 }, {}, null, /quality only for jpeg, webp, avif, got it for png/],
    [{ quality: 80 }, {}, 'cat.tif', /got it for tiff/],
    [{ format: 'png' }, {}, 'x.safetensors', /no format for latents/],
    [{ bit_depth: 16 }, {}, 'x.SAFETENSORS', /no bit_depth for latents/],
  ])('refuses %j with the options %j and the output %j', (values, options, output, message) => {
    const attempt = () => resolve(values, options, output);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code: 'ROW_FIELD_INVALID' }) as Error);
  });
});

it('names extensions', () => {
  const formats = ['png', 'jpeg', 'webp', 'avif', 'tiff'] as const;
  expect(formats.map((format) => extensionOf({ format }))).toEqual(['png', 'jpg', 'webp', 'avif', 'tiff']);
  expect(extensionOf(null)).toBe('safetensors');
  expect(formatWithoutName({}, { format: 'jpeg' })).toBe('jpeg');
});
