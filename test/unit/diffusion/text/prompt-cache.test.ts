import { loadModel } from '#src/diffusion/pipeline/load-model.js';
import { mapEncoderSessions } from '#src/diffusion/pipeline/map-sessions.js';
import { encodePrompts } from '#src/diffusion/text/encode-prompt.js';
import { PromptCache } from '#src/diffusion/text/prompt-cache.js';
import type { Session } from '#src/onnx/runtime/session.js';
import { schedulePrompt } from '#src/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { goldenData } from '../../../support/golden.js';

/** The tiny refiner's encoder, and how many times it ran. */
const countedEncoders = async () => {
  const { textEncoders } = await loadModel(goldenData('models', 'tiny-refiner'));
  const runs = { count: 0 };
  const encoders = textEncoders.map((encoder) => {
    const counted = (session: Session): Session => ({
      ...session,
      run: (feeds) => {
        runs.count++;
        return session.run(feeds);
      },
    });
    return mapEncoderSessions(encoder, counted);
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
  const memory = new PromptCache(encoders, { prompts: 2 });
  for (const prompt of ['a', 'b', 'a', 'c']) await memory.encode([prompt]);
  expect(runs.count).toBe(3);
  await memory.encode(['a']);
  expect(runs.count).toBe(3);
  await memory.encode(['b']);
  expect(runs.count).toBe(4);
});

it('long prompts are dropped by their bytes, and the latest stays however long it is', async () => {
  const { encoders, runs } = await countedEncoders();
  const [one] = await new PromptCache(encoders).encode(['a']);
  const bytes = 4 * (one!.hidden.data.length + one!.pooled.data.length);
  const memory = new PromptCache(encoders, { bytes: 2 * bytes });
  runs.count = 0;
  for (const prompt of ['a', 'b', 'a', 'b']) await memory.encode([prompt]);
  expect(runs.count).toBe(2);
  const long = 'BREAK '.repeat(5);
  for (let time = 0; time < 2; time++) await memory.encode([long], 'a1111');
  expect(runs.count).toBe(2 + 5);
  await memory.encode(['b']);
  expect(runs.count).toBe(2 + 5 + 1);
});

const MANY_TEXTS = `${'word '.repeat(2500)}[${Array.from({ length: 1000 }, (_, index) => `w${index}`).join('|')}]`;

describe('a prompt that would keep the encoder busy for hours is refused before it runs', () => {
  it.each([
    ['pieces of weight below 1', 'compel', ['a- b-- '.repeat(2800)]],
    ['a long conjunction', 'compel', [`(${Array.from({ length: 500 }, () => '"a"').join()}).and()`]],
    ['a long blend', 'compel', [`(${Array.from({ length: 2500 }, () => '"a"').join()}).blend()`]],
    ['texts of prompt editing', 'a1111', schedulePrompt(MANY_TEXTS, 1000).map(({ text }) => text)],
    ['breaks', 'a1111', ['BREAK '.repeat(3000)]],
    ['tokens', 'comfy', ['. '.repeat(9800)]],
  ] as const)('%s', async (_what, syntax, texts) => {
    const { encoders, runs } = await countedEncoders();
    await expect(new PromptCache(encoders).encode(texts, syntax)).rejects.toMatchObject({
      code: 'ROW_FIELD_INVALID',
      message: expect.stringMatching(/Expected .*at most .*found \d+.*Shorten/) as string,
    });
    expect(runs.count).toBe(0);
  });

  it.each([
    ['a long one with lighter pieces', 'compel', ['of many words '.repeat(100) + 'a-- b '.repeat(10)]],
    ['one of many words', 'comfy', ['a very long prompt of words, '.repeat(400)]],
    ['one that alternates', 'a1111', schedulePrompt('[cat|dog|cow] [red|green] hat', 100).map(({ text }) => text)],
  ] as const)('but not %s', async (_what, syntax, texts) => {
    const { encoders, runs } = await countedEncoders();
    await new PromptCache(encoders).encode(texts, syntax);
    expect(runs.count).toBeGreaterThan(5);
  });
});

it('a job that is to stop does so before the next run of the encoder', async () => {
  const { encoders, runs } = await countedEncoders();
  const memory = new PromptCache(encoders);
  const stop = new Error('stop');
  let pauses = 0;
  const pause = (): Promise<void> => (++pauses > 3 ? Promise.reject(stop) : Promise.resolve());
  await expect(memory.encode(['word '.repeat(1000)], 'comfy', pause)).rejects.toBe(stop);
  expect(runs.count).toBe(3);
  await memory.encode(['word '.repeat(1000)], 'comfy');
  expect(runs.count).toBeGreaterThan(10);
});
