/** A setting that needs a second UNet concerns its rows only. */
import { RefineError } from '#src/errors.js';
import { once, onceEach, onceOnly } from '#src/diffusion/pipeline/once.js';
import { openDeepCache } from '#src/diffusion/pipeline/open-deep-cache.js';
import { withFreeU } from '#src/diffusion/pipeline/with-freeu.js';
import type { Unet } from '#src/diffusion/unet/predict-noise.js';
import { expectUnetForms } from '#src/records/unet-forms.js';

const unetThatFails = (failure: Error): Unet =>
  ({ config: {}, openForm: () => Promise.reject(failure) }) as unknown as Unet;
const onFullDevice = unetThatFails(new RefineError('SESSION_CREATE', 'CUDA failure 2: out of memory.'));

it('a second UNet that does not open fails its row, and names the setting', async () => {
  const failure = async (open: Promise<unknown>): Promise<unknown> => open.catch((thrown: unknown) => thrown);
  const cached = await failure(openDeepCache(onFullDevice, { cacheInterval: 2, cacheDepth: 1 }, 1));
  expect(cached).toMatchObject({ scope: 'row', context: { field: 'cache_interval' } });
  expect((cached as Error).message).toMatch(/out of memory\. Free memory, or leave cache_interval out .*--speed exact/);
  expect(await failure(withFreeU(onFullDevice, [1, 1, 1, 1]))).toMatchObject({
    scope: 'row',
    context: { field: 'freeu' },
  });
});

it.each([new RefineError('CACHE_UNWRITABLE', 'The disk is full.'), new TypeError('x is not a function')])(
  'a second UNet that fails otherwise is no matter of the row: %s',
  async (failure) => {
    await expect(withFreeU(unetThatFails(failure), [1, 1, 1, 1])).rejects.toBe(failure);
  },
);

it('a failed opening is tried again unless that is too much, and a successful one kept', async () => {
  let calls = 0;
  const flaky = (): Promise<number> => (++calls % 2 === 1 ? Promise.reject(new Error('busy')) : Promise.resolve(calls));
  for (const open of [once(flaky), onceEach(flaky).bind(null, undefined as never)]) {
    calls = 0;
    await expect(open()).rejects.toThrow('busy');
    expect([await open(), await open(), calls]).toEqual([2, 2, 2]);
  }
  calls = 0;
  const openOnly = onceOnly(flaky);
  for (let time = 0; time < 2; time++) await expect(openOnly()).rejects.toThrow('busy');
  expect(calls).toBe(1);
});

it.each([
  [null, { freeu: [1, 1, 1, 1] as const }, 'freeu'],
  [null, { cacheInterval: 2 }, 'cache_interval'],
  [3, { cacheInterval: 2, cacheDepth: 4 }, 'cache_depth'],
  [3, { cacheInterval: 2, cacheDepth: 3, freeu: [1, 1, 1, 1] as const }, null],
  [null, { cacheDepth: 9 }, null],
])('a UNet with depth %s and %j', (most, settings, field) => {
  const check = (): void => {
    expectUnetForms(most, { cacheInterval: 1, cacheDepth: 2, freeu: null, ...settings });
  };
  if (field === null) expect(check).not.toThrow();
  else
    expect(check).toThrow(
      expect.objectContaining({ code: 'ROW_FIELD_INVALID', context: expect.objectContaining({ field }) as object }),
    );
});
