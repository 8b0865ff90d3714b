/** TIFF takes samples of any width and kind, and other programs write them: each is read right, or refused by its name. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { loadPicture } from '#src/media/image/load-picture.js';
import { readPictureHeader } from '#src/media/image/read-header.js';
import { temporaryFolder } from '../../../support/run-cli.js';
import { bytes, pngHeader } from './pictures.js';

const SIDE = 16;
/** TIFF 6.0, "SampleFormat". */
const FORMATS = { unsigned: 1, signed: 2, float: 3, complex: 6 } as const;

interface Samples {
  bits: number;
  format?: keyof typeof FORMATS;
  channels?: number;
  planar?: boolean;
  photometric?: number;
  extra?: [tag: number, type: 3, values: number[]][];
  put: (view: DataView, at: number, value: number) => void;
}

/** An uncompressed TIFF, little-endian, in one strip a plane: a ramp from 0 to 1 along x. */
const tiff = ({
  bits,
  format = 'unsigned',
  channels = 1,
  planar = false,
  photometric,
  extra = [],
  put,
}: Samples): Uint8Array => {
  const size = (bits / 8) * SIDE * SIDE;
  const added = new Set(extra.map(([tag]) => tag));
  const entries: [tag: number, type: number, values: number[]][] = [
    [256, 3, [SIDE]],
    [257, 3, [SIDE]],
    [258, 3, Array<number>(channels).fill(bits)],
    [259, 3, [1]],
    [262, 3, [photometric ?? (channels >= 3 ? 2 : 1)]],
    [273, 4, planar ? Array.from({ length: channels }, (_, plane) => 1000 + plane * size) : [1000]],
    [277, 3, [channels]],
    [278, 3, [SIDE]],
    [279, 4, planar ? Array<number>(channels).fill(size) : [size * channels]],
    [284, 3, [planar ? 2 : 1]],
    [339, 3, Array<number>(channels).fill(FORMATS[format])],
  ];
  const all = [...entries.filter(([tag]) => !added.has(tag)), ...extra].sort(([a], [b]) => a - b);
  const view = new DataView(new ArrayBuffer(1000 + size * channels));
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, all.length, true);
  let spare = 400;
  for (const [index, [tag, type, values]] of all.entries()) {
    const at = 10 + index * 12;
    const width = type === 3 ? 2 : 4;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, values.length, true);
    const isInline = values.length * width <= 4;
    if (!isInline) view.setUint32(at + 8, spare, true);
    const start = isInline ? at + 8 : spare;
    for (const [i, value] of values.entries()) {
      if (type === 3) view.setUint16(start + i * width, value, true);
      else view.setUint32(start + i * width, value, true);
    }
    if (!isInline) spare += values.length * width;
  }
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      const index = planar ? channel * SIDE * SIDE + pixel : pixel * channels + channel;
      put(view, 1000 + (index * bits) / 8, (pixel % SIDE) / (SIDE - 1));
    }
  }
  return new Uint8Array(view.buffer);
};

const u8: Samples['put'] = (view, at, value) => {
  view.setUint8(at, Math.round(value * 255));
};
const u16: Samples['put'] = (view, at, value) => {
  view.setUint16(at, Math.round(value * 65535), true);
};
const f32: Samples['put'] = (view, at, value) => {
  view.setFloat32(at, value, true);
};

const RAMP = Array.from({ length: SIDE }, (_, x) => Array<number>(3).fill(x * 17)).flat();

it.each<[string, Samples]>([
  ['grey of 8 bits', { bits: 8, put: u8 }],
  ['grey of 16 bits', { bits: 16, put: u16 }],
  ['colours of 8 bits', { bits: 8, channels: 3, put: u8 }],
  ['colours of 16 bits', { bits: 16, channels: 3, put: u16 }],
  ['planes of 8 bits', { bits: 8, channels: 3, planar: true, put: u8 }],
  ['planes of 16 bits', { bits: 16, channels: 3, planar: true, put: u16 }],
  [
    'grey of 16 bits whose white is 0',
    {
      bits: 16,
      photometric: 0,
      put: (view, at, value) => {
        u16(view, at, 1 - value);
      },
    },
  ],
])('%s: the same ramp', async (_, samples) => {
  const { pixels, alpha } = await loadPicture(tiff(samples), 'ramp.tif');
  expect(alpha).toBeNull();
  expect(bytes(pixels.data.subarray(0, SIDE * 3))).toEqual(RAMP);
});

const REFUSED: [string, Samples, string][] = [
  ['float, 0 to 1', { bits: 32, format: 'float', put: f32 }, '32-bit samples (floating point)'],
  [
    'float, 0 to 255',
    {
      bits: 32,
      format: 'float',
      channels: 3,
      put: (view, at, value) => {
        f32(view, at, value * 255);
      },
    },
    '32-bit samples (floating point)',
  ],
  ['planes of float', { bits: 32, format: 'float', channels: 3, planar: true, put: f32 }, '32-bit samples'],
  ['half float', { bits: 16, format: 'float', put: () => undefined }, '16-bit samples (floating point)'],
  ['double', { bits: 64, format: 'float', put: () => undefined }, '64-bit samples'],
  ['complex', { bits: 64, format: 'complex', put: () => undefined }, '64-bit samples'],
  [
    '32 bits',
    {
      bits: 32,
      put: (view, at, value) => {
        view.setUint32(at, value * 4e9, true);
      },
    },
    '32-bit samples; save as',
  ],
  ['32 bits of colours', { bits: 32, channels: 3, put: () => undefined }, '32-bit samples; save as'],
  ['8 bits, signed', { bits: 8, format: 'signed', put: () => undefined }, '8-bit samples (signed)'],
  ['16 bits, signed', { bits: 16, format: 'signed', channels: 3, put: () => undefined }, '16-bit samples (signed)'],
  ['32 bits, signed', { bits: 32, format: 'signed', put: () => undefined }, '32-bit samples (signed)'],
];

it.each(REFUSED)('%s is refused by its name, by the header alone', async (_, samples, says) => {
  const encoded = tiff(samples);
  const message = expect.stringMatching(/^x\.tif has .*save as unsigned 8 or 16 bits/);
  await expect(loadPicture(encoded, 'x.tif')).rejects.toMatchObject({ code: 'IMAGE_UNDECODABLE', message });
  await expect(loadPicture(encoded, 'x.tif')).rejects.toThrow(says);
  const path = join(temporaryFolder(), 'x.tif');
  writeFileSync(path, encoded);
  await expect(readPictureHeader({ kind: 'file', path }, 'x.tif')).rejects.toThrow(says);
});

/** Read as if they were RGB, these would be other pictures; or libvips reports damage that is none. */
const YCBCR = { bits: 8, channels: 3, photometric: 6, put: u8 } as const;
const NOT_RGB: [string, Samples, string][] = [
  ['YCbCr without subsampling', { ...YCBCR, extra: [[530, 3, [1, 1]]] }, 'has YCbCr samples that are not compressed'],
  ['planes of YCbCr', { ...YCBCR, planar: true }, 'has YCbCr samples that are not compressed as JPEG; save as RGB'],
  ['YCbCr of 16 bits', { ...YCBCR, bits: 16, put: u16 }, 'has YCbCr samples that are not compressed as JPEG'],
  ['Lab of 8 bits', { ...YCBCR, photometric: 8 }, 'has 8-bit Lab samples; save as RGB, or as Lab with 16 bits'],
  ['planes of Lab', { ...YCBCR, bits: 16, photometric: 8, planar: true, put: u16 }, 'has Lab samples in planes'],
  ['ICCLab', { ...YCBCR, photometric: 9 }, 'has the unsupported colour space ICCLab; save as grey, RGB or CMYK'],
  ['LogLuv', { ...YCBCR, photometric: 32_845 }, 'has the unsupported colour space LogLuv'],
  ['a sensor', { bits: 16, photometric: 32_803, put: u16 }, 'has the unsupported colour space of a sensor (CFA)'],
  [
    'four other inks',
    { ...YCBCR, channels: 4, photometric: 5, extra: [[332, 3, [2]]] },
    'has inks other than those of CMYK',
  ],
  ['a camera’s preview', { bits: 8, channels: 3, put: u8, extra: [[254, 3, [1]]] }, 'begins with a preview of another'],
  ['12 bits', { bits: 12, put: () => undefined }, 'has 12-bit samples; save as unsigned 8 or 16 bits'],
  ['24 bits', { bits: 24, put: () => undefined }, 'has 24-bit samples; save as unsigned 8 or 16 bits'],
  ['4 bits of colours', { bits: 4, channels: 3, put: () => undefined }, 'has 3 channels of 4-bit samples'],
];

it.each(NOT_RGB)('%s is refused by its name, as bytes and as a file', async (_, samples, says) => {
  const encoded = tiff(samples);
  const error = { code: 'IMAGE_UNDECODABLE', message: expect.stringContaining(`x.tif ${says}`) };
  await expect(loadPicture(encoded, 'x.tif')).rejects.toMatchObject(error);
  const path = join(temporaryFolder(), 'x.tif');
  writeFileSync(path, encoded);
  await expect(readPictureHeader({ kind: 'file', path }, 'x.tif')).rejects.toMatchObject(error);
});

it.each([
  [34_887, 'LERC'],
  [34_712, 'JPEG 2000'],
  [9999, 'scheme 9999'],
])('compression %d that cannot be read is named', async (number, name) => {
  const encoded = tiff({ bits: 8, put: u8, extra: [[259, 3, [number]]] });
  const says = `x.tif is a TIFF compressed as ${name}, which cannot be read; save with LZW or Deflate.`;
  await expect(loadPicture(encoded, 'x.tif')).rejects.toThrow(says);
});

it('subsampled YCbCr is converted', async () => {
  const mid: Samples = {
    ...YCBCR,
    extra: [
      [530, 3, [2, 1]],
      [279, 4 as 3, [2 * SIDE * SIDE]],
    ],
    put: (view, at) => {
      view.setUint8(at, 128);
    },
  };
  const { pixels } = await loadPicture(tiff(mid), 'x.tif');
  expect(bytes(pixels.data.subarray(0, 3))).toEqual([128, 128, 128]);
});

it('channels that no picture has are refused by their number', async () => {
  await expect(loadPicture(tiff({ bits: 8, channels: 5, photometric: 1, put: u8 }), 'x.tif')).rejects.toThrow(
    'x.tif has 5 channels',
  );
});

it.each([
  ['OpenEXR', 'v/1\x01'],
  ['Radiance', '#?RADIANCE\n'],
  ['JPEG XL', '\xff\x0a'],
  ['JPEG XL', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['HEIC', '\0\0\0\x18ftypheic'],
  ['SVG', '<svg xmlns="…"/>'],
  ['web page', '<!DOCTYPE html><html><body>403</body></html>'],
])('a file of %s is refused by its name, whatever it is called', async (name, sign) => {
  const path = join(temporaryFolder(), 'x.png');
  writeFileSync(path, Buffer.from(sign.padEnd(200, ' '), 'latin1'));
  for (const picture of [
    loadPicture(Buffer.from(sign.padEnd(200, ' '), 'latin1'), 'x.png'),
    readPictureHeader({ kind: 'file', path }, 'x.png'),
  ]) {
    await expect(picture).rejects.toMatchObject({
      code: 'IMAGE_UNDECODABLE',
      message: expect.stringMatching(new RegExp(`^x.png is an? ${name}.*which is not supported; save as PNG`)),
    });
  }
});

describe('size', () => {
  it.each([
    [400_000, 1, 'at most 16384 a side'],
    [1, 16_385, 'at most 16384 a side'],
    [16_384, 4097, 'counted in blocks of 8×8'],
    [8193, 8192, 'counted in blocks of 8×8'],
  ])('%d × %d is more than is computed', async (width, height, says) => {
    const message = expect.stringContaining(says);
    await expect(loadPicture(pngHeader(width, height), 'x.png')).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message,
    });
  });

  it('a long strip within both is read', async () => {
    const strip = await sharp({ create: { width: 16_384, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect((await loadPicture(strip, 'x.png')).pixels).toMatchObject({ width: 16_384, height: 1 });
  });
});
