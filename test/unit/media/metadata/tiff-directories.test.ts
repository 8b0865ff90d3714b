import { readTiffDirectories } from '#src/media/metadata/containers/tiff-directories.js';
import { MAX_EXIF_ENTRIES } from '#src/media/metadata/limits.js';
import { tiff } from './build-pictures.js';

it.each([1, MAX_EXIF_ENTRIES, MAX_EXIF_ENTRIES + 1])('a directory of %d entries is followed by none', (count) => {
  const block = tiff(Array.from({ length: count }, () => ({ tag: 0x0110, type: 2, value: Buffer.from('abc\0') })));
  const { main, next } = readTiffDirectories(block)!;
  expect(main).toHaveLength(Math.min(count, MAX_EXIF_ENTRIES));
  expect(next).toBe(0);
});

it('finds the directory after the first', () => {
  const block = tiff([{ tag: 0x0110, type: 2, value: Buffer.from('abc\0') }]);
  block.writeUInt32BE(77, 8 + 2 + 12);
  expect(readTiffDirectories(block)).toMatchObject({ next: 77 });
});
