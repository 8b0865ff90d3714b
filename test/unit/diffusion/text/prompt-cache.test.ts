import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import { encodePrompts, type TextEncoder } from '#src/diffusion/text/encode-prompt.js';
import { PromptCache } from '#src/diffusion/text/prompt-cache.js';
import { goldenData } from '../../../support/golden.js';

/** The tiny refiner's encoder, and how many times it ran. */
const countedEncoders = async () => {
  const { textEncoders } = await loadModel(goldenData('models', 'tiny-refiner'));
  const runs = { count: 0 };
  const encoders = textEncoders.map((encoder): TextEncoder => {
    const run: TextEncoder['session']['run'] = (feeds) => {
      runs.count++;
      return encoder.session.run(feeds);
    };
    return { ...encoder, session: { ...encoder.session, run } };
  });
  return { encoders, runs };
};

it('each prompt is encoded once, with the encoder’s results', async () => {
  const { encoders, runs } = await countedEncoders();
  const memory = new PromptCache(encoders);
  const [empty] = await memory.encode(['']);
  const [cat] = await memory.encode(['a cat']);
  expect(runs.count).toBe(2);
  expect((await memory.encode(['']))[0]).toBe(empty);
  expect((await memory.encode(['a cat']))[0]).toBe(cat);
  expect(runs.count).toBe(2);
  expect(cat?.hidden.data).toEqual((await encodePrompts(encoders, ['a cat'])).hidden.data);
});

it('drops the least recently used prompt', async () => {
  const { encoders, runs } = await countedEncoders();
  const memory = new PromptCache(encoders, 2);
  for (const prompt of ['a', 'b', 'a', 'c']) await memory.encode([prompt]);
  expect(runs.count).toBe(3);
  await memory.encode(['a']);
  expect(runs.count).toBe(3);
  await memory.encode(['b']);
  expect(runs.count).toBe(4);
});
