import { decodeOutput } from '#src/diffusion/pipeline/decode-output.js';
import type { Model } from '#src/diffusion/pipeline/load-model.js';
import { VAE_DECODER } from '#src/models/networks/vae.js';
import { tensor } from '#src/tensor/tensor.js';

const latents = tensor(Float32Array.from({ length: 4 * 2 * 3 }, Math.sin), [1, 4, 2, 3]);

/** A model whose decoder gives these values for 16 × 24 pixels. */
const modelThatDecodes = (value: number): Model => {
  const image = tensor(new Float32Array(3 * 16 * 24).fill(value), [1, 3, 16, 24]);
  const decoder = {
    run: () => Promise.resolve({ [VAE_DECODER.image]: image }),
    close: () => Promise.resolve(),
  };
  return { vae: { config: { scalingFactor: 1, shiftFactor: 0 }, decoder, rowStrips: null } } as unknown as Model;
};

it('latents are given as they are, with their own size, and the decoder does not run', async () => {
  const model = { vae: null } as unknown as Model;
  expect(await decodeOutput(model, { output: 'latents', bitDepth: 8 }, latents)).toEqual({
    kind: 'latents',
    latents: { data: latents.data, width: 3, height: 2 },
  });
});

it('pixels have the depth that the job asks for', async () => {
  for (const [bitDepth, white] of [
    [8, 255],
    [16, 65535],
  ] as const) {
    const { kind, ...output } = await decodeOutput(modelThatDecodes(1), { output: 'pixels', bitDepth }, latents);
    expect(kind).toBe('pixels');
    expect(output).toMatchObject({ pixels: { width: 24, height: 16 } });
    const { data } = (output as { pixels: { data: Uint8Array | Uint16Array } }).pixels;
    expect([data.length, new Set(data)]).toEqual([3 * 16 * 24, new Set([white])]);
  }
});

it.each([NaN, Infinity])('a decoder that gives %d is an error of its own, and no black picture', async (value) => {
  await expect(decodeOutput(modelThatDecodes(value), { output: 'pixels', bitDepth: 8 }, latents)).rejects.toMatchObject(
    { code: 'INFERENCE_NON_FINITE', context: { stage: 'VAE decoder' } },
  );
});
