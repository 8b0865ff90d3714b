import { chooseFiles } from '#src/models/hub/choose-files.js';

const file = (path: string) => ({ path, size: 1, digest: 'd' });

it('takes every shard of a component, of as many as a hub may list, without copying what it has', () => {
  const shards = Array.from({ length: 99_999 }, (_, at) => {
    const number = String(at + 1).padStart(5, '0');
    return file(`unet/diffusion_pytorch_model-${number}-of-99999.safetensors`);
  });
  /* Copies for each shard would be 5 000 000 000 references: minutes. */
  const chosen = chooseFiles({ id: 'a/b', revision: 'main', commit: 'c', files: [file('model_index.json'), ...shards] }, 'fp16');
  expect(chosen).toHaveLength(100_000);
});
