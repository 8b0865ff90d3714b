import { commonFolder } from '#src/models/weights/discovery/common-folder.js';

it('one file: its own folder', () => {
  expect(commonFolder(['/models/refiner/unet/a.safetensors'])).toBe('/models/refiner/unet');
});

it('several files: their deepest common folder, by whole names', () => {
  expect(commonFolder(['/models/refiner/unet/a', '/models/refiner/unet/deep/b'])).toBe('/models/refiner/unet');
  expect(commonFolder(['/models/refiner/unet/a', '/models/refiner-lora/b'])).toBe('/models');
});

it('files with only the root in common', () => {
  expect(commonFolder(['/data/a', '/home/b'])).toBe('/');
});

it('no files is a bug of the caller', () => {
  expect(() => commonFolder([])).toThrow(RangeError);
});
