import { uprightExif } from '#src/media/image/upright-exif.js';

/** A TIFF block with one IFD of two entries: ImageWidth 7, Orientation 6. */
const block = (little: boolean): Buffer => {
  const tiff = Buffer.alloc(8 + 2 + 24 + 4);
  tiff.write(little ? 'II' : 'MM', 'latin1');
  const u16 = (value: number, at: number): number =>
    little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const u32 = (value: number, at: number): number =>
    little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at);
  u16(42, 2);
  u32(8, 4);
  u16(2, 8);
  [
    [0x0100, 3, 1, 7],
    [0x0112, 3, 1, 6],
  ].forEach(([tag, type, count, value], index) => {
    const at = 10 + index * 12;
    u16(tag!, at);
    u16(type!, at + 2);
    u32(count!, at + 4);
    u16(value!, at + 8);
  });
  return tiff;
};

describe.each([true, false])('little-endian %s', (little) => {
  const at = little ? 30 : 31;

  it('sets the orientation to 1 and nothing else, in a copy', () => {
    const tiff = block(little);
    const upright = Buffer.from(uprightExif(tiff)!);
    expect(tiff[at]).toBe(6);
    tiff[at] = 1;
    expect(upright).toEqual(tiff);
  });

  it('takes the block out of JPEG’s prefix', () => {
    const upright = uprightExif(Buffer.concat([Buffer.from('Exif\0\0'), block(little)]))!;
    expect(upright.length).toBe(block(little).length);
    expect(upright[at]).toBe(1);
  });

  it('survives every cut and every byte changed', () => {
    const tiff = block(little);
    for (let length = 0; length < tiff.length; length++) uprightExif(tiff.subarray(0, length));
    for (let index = 4; index < tiff.length; index++) {
      for (const value of [0, 1, 127, 255]) {
        const changed = Buffer.from(tiff);
        changed[index] = value;
        expect(uprightExif(changed)?.length).toBe(tiff.length);
      }
    }
  });
});

it('gives null for bytes that are no TIFF block', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello world'), Buffer.from('Exif\0\0')])
    expect(uprightExif(bytes)).toBeNull();
});
