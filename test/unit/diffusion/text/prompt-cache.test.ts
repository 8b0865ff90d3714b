import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import { encodePrompts, type TextEncoder } from '#src/diffusion/text/encode-prompt.js';
import { PromptMemory } from '#src/diffusion/text/prompt-cache.js';
import { goldenData } from '../../../support/golden.js';

/** The tiny refiner's encoder, and how many times it ran. */
const countedEncoders = async () => {
  const { textEncoders } = await loadModel(goldenData('models', 'tiny-refiner'));
  const runs = { count: 0 };
  const encoders = textEncoders.map((encoder): TextEncoder => {
    const run: TextEncoder['network']['run'] = (feeds) => {
      runs.count++;
      return encoder.network.run(feeds);
    };
    return { ...encoder, network: { ...encoder.network, run } };
  });
  return { encoders, runs };
};

test('encodes each prompt once, with the encoder’s own numbers', async () => {
  const { encoders, runs } = await countedEncoders();
  const memory = new PromptMemory(encoders);
  const [empty] = await memory.encode(['']);
  const [cat] = await memory.encode(['a cat']);
  expect(runs.count).toBe(2);
  expect((await memory.encode(['']))[0]).toBe(empty);
  expect((await memory.encode(['a cat']))[0]).toBe(cat);
  expect(runs.count).toBe(2);
  expect(cat?.hidden.data).toEqual((await encodePrompts(encoders, ['a cat'])).hidden.data);
});

test('forgets what was not used for longest', async () => {
  const { encoders, runs } = await countedEncoders();
  const memory = new PromptMemory(encoders, 2);
  for (const prompt of ['a', 'b', 'a', 'c']) await memory.encode([prompt]);
  expect(runs.count).toBe(3);
  await memory.encode(['a']);
  expect(runs.count).toBe(3);
  await memory.encode(['b']);
  expect(runs.count).toBe(4);
});
