/** A vision transformer as it is published, against transformers: its preprocessor's pixels, its export's numbers. */
import { readFileSync } from 'node:fs';
import { localScreener } from '#src/run/safety/local-screener.js';
import { picture } from '../support/batch.js';
import { goldenData } from '../support/golden.js';

const { signal } = new AbortController();

const expected = JSON.parse(readFileSync(goldenData('classifier', 'probabilities.json'), 'utf8')) as Record<
  string,
  number[]
>;
/** A picture is shrunk here by libvips and there by Pillow, which round differently: measured 4e-4. */
const TOLERANCE = 1e-3;

it("a classifier's probabilities are transformers'", async () => {
  const screener = await localScreener(goldenData('classifier'), '0.5');
  await screener.open(signal);
  expect(Object.keys(expected)).toHaveLength(3);
  for (const [name, probabilities] of Object.entries(expected)) {
    const { categories } = await screener.screenPicture(readFileSync(picture(name)), signal);
    expect(categories.map(({ category }) => category)).toEqual(['normal', 'nsfw']);
    categories.forEach(({ severity }, index) => {
      expect(Math.abs(severity - probabilities[index]!)).toBeLessThan(TOLERANCE);
    });
  }
  await screener.close();
});
