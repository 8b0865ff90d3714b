import type { Pixels } from '#src/records/picture.js';
import { tensor } from '#src/tensor/tensor.js';
import { fitPreview } from '#src/diffusion/vae/preview.js';

const SIDE = 8;
const noise = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 2);

/** Latents, and a picture whose colours are a linear map of them. */
const pair = (map: readonly number[][]): { latents: ReturnType<typeof tensor>; pixels: Pixels; colours: number[] } => {
  const data = noise(4 * SIDE * SIDE);
  const colours: number[] = [];
  for (let place = 0; place < SIDE * SIDE; place++) {
    for (let colour = 0; colour < 3; colour++) {
      const sum = map.reduce(
        (total, row, channel) => total + (data[channel * SIDE * SIDE + place] ?? 1) * row[colour]!,
        0,
      );
      colours.push(Math.round(Math.min(255, Math.max(0, sum))));
    }
  }
  const [width, height] = [SIDE * 8, SIDE * 8];
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const [pixel, colour] = [Math.floor(i / 3), i % 3];
    const place = Math.floor(pixel / width / 8) * SIDE + Math.floor((pixel % width) / 8);
    pixels[i] = colours[place * 3 + colour]!;
  }
  return { latents: tensor(data, [1, 4, SIDE, SIDE]), pixels: { data: pixels, width, height }, colours };
};

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

it('previews have true colours for other latents than SDXL’s', () => {
  const map = [
    [-30, 5, 8],
    [2, 25, -20],
    [9, -14, 18],
    [-4, 6, 12],
    [128, 120, 110],
  ];
  const { latents, pixels, colours } = pair([...map.slice(0, 4), map[4]!]);
  const shown = fitPreview(latents, pixels)(latents);
  expect([shown.width, shown.height]).toEqual([SIDE, SIDE]);
  expect(largest(shown.data, colours)).toBeLessThanOrEqual(2);
});

it('without an input image, previews use SDXL’s factors', () => {
  const latents = tensor(Float32Array.from([1, 0, 0, 0]), [1, 4, 1, 1]);
  /* ((0.3651 + 0.1084) + 1) × 127.5 and so on. */
  expect([...fitPreview(latents, null)(latents).data]).toEqual([188, 179, 183]);
});

it('SDXL’s factors decide what a plain image leaves undetermined', () => {
  const plain = tensor(new Float32Array(4 * SIDE * SIDE), [1, 4, SIDE, SIDE]);
  const pixels = { data: new Uint8Array(SIDE * SIDE * 64 * 3).fill(100), width: SIDE * 8, height: SIDE * 8 };
  const show = fitPreview(plain, pixels);
  expect(Math.abs(show(plain).data[0]! - 100)).toBeLessThanOrEqual(1);
  const bright = plain.data.map((_, i) => (i < SIDE * SIDE ? 1 : 0));
  expect(show(tensor(bright, plain.dims)).data[0]).toBe(Math.round(100 + 0.3651 * 127.5));
});
