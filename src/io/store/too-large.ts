import { RefineError } from '../../errors.js';

/** @param place of the object, as messages show it */
export const tooLarge = (place: string, size: number, maxBytes: number): RefineError =>
  new RefineError(
    'STORE_TOO_LARGE',
    `Expected an object of at most ${maxBytes} bytes at ${place}, found ${size} bytes. Check that it is the object that you mean.`,
    { context: { place, size, maxBytes } },
  );
