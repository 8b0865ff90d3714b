import { buildTimeIds } from '#src/diffusion/unet/time-ids.js';
import { plainSettings as settings } from '../../../support/settings.js';

describe('buildTimeIds', () => {
  it('gives the refiner height, width, crop and its two scores', () => {
    expect(buildTimeIds('aesthetic-score', settings, [768, 1024])).toEqual({
      positive: [768, 1024, 0, 0, 6],
      negative: [768, 1024, 0, 0, 2.5],
    });
  });

  it('gives the base model the target size instead of a score', () => {
    const sized = { ...settings, originalSize: [512, 640], cropsCoordsTopLeft: [8, 16] } as const;
    expect(buildTimeIds('target-size', sized, [768, 1024])).toEqual({
      positive: [512, 640, 8, 16, 768, 1024],
      negative: [512, 640, 0, 0, 768, 1024],
    });
  });

  it('negative sizes replace the positive ones', () => {
    const own = {
      ...settings,
      negativeOriginalSize: [1, 2],
      negativeTargetSize: [3, 4],
      negativeCropsCoordsTopLeft: [5, 6],
    } as const;
    expect(buildTimeIds('target-size', own, [8, 8]).negative).toEqual([1, 2, 5, 6, 3, 4]);
  });
});
