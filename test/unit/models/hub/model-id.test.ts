import { parseModelId } from '#src/models/hub/model-id.js';

it('an id is an organisation and a name, and may have a revision', () => {
  expect(parseModelId('stabilityai/stable-diffusion-xl-refiner-1.0@main')).toEqual({
    id: 'stabilityai/stable-diffusion-xl-refiner-1.0',
    revision: 'main',
  });
});

it.each(['models/sd_xl_refiner_1.0.safetensors', 'models/a.ckpt', './a/b', 'a', 'a/b/c', 'a/..b'])(
  '%s is a path',
  (text) => {
    expect(parseModelId(text)).toBeNull();
  },
);
