import { isGlob } from '#src/run/manifest/inputs/glob-place.js';

it.each([
  ['', false],
  ['cat.png', false],
  ['*.png', true],
])('isGlob of %j: %j', (name, expected) => {
  expect(isGlob(name)).toBe(expected);
});
