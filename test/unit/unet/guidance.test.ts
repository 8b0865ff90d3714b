import { tensor } from '#src/tensor/tensor.js';
import { guide } from '#src/unet/guidance.js';

describe('guide', () => {
  it('goes from the unconditional prediction through the conditional one', () => {
    const prediction = tensor(Float32Array.of(1, 2, 3, 10), [2, 1, 1, 2]);
    expect(guide(prediction, 5)).toEqual(tensor(Float32Array.of(11, 42), [1, 1, 1, 2]));
  });

  it('is the conditional prediction at scale 1', () => {
    expect([...guide(tensor(Float32Array.of(1, 2, 3, 10), [2, 2]), 1).data]).toEqual([3, 10]);
  });
});
