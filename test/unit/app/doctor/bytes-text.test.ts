import { bytesText } from '#src/app/doctor/bytes-text.js';

it.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [3.5 * 2 ** 20, '3.5 MiB'],
  [25_276_063_744, '23.5 GiB'],
  [5 * 2 ** 50, '5120.0 TiB'],
])('%d are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
