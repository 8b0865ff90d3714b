import { readFileSync } from 'node:fs';
import { loadModel, type Model } from '#src/diffusion/pipeline/load-model.js';
import type { PromptSyntax } from '#src/records/settings.js';
import { schedulePrompt } from '#src/diffusion/text/syntaxes/a1111-prompt-editing.js';
import { encodeTexts } from '#src/diffusion/text/encode-by-syntax.js';
import { concatBatch } from '#src/tensor/tensor.js';
import { goldenData, maxDifference, readTensors } from '../support/golden.js';

interface Case {
  model: string;
  syntax: PromptSyntax;
  prompt: string;
  embedding?: string;
}

const cases = JSON.parse(readFileSync(goldenData('prompts', 'index.json'), 'utf8')) as Case[];
const models = new Map<string, Model>();
const embeddings = [{ name: 'Cat-Toy', file: goldenData('prompts', 'embedding.safetensors') }];
const opened = async (name: string): Promise<Model> => {
  const model = models.get(name) ?? (await loadModel(goldenData('models', name), { embeddings }));
  models.set(name, model);
  return model;
};

it.each(cases.map((one, index) => [index, one] as const))('prompt %i: %o', async (index, { model, syntax, prompt }) => {
  const tensors = await readTensors(goldenData('prompts', 'prompts.safetensors'));
  const { textEncoders } = await opened(model);
  const texts = syntax === 'a1111' ? schedulePrompt(prompt, 2).map(({ text }) => text) : [prompt];
  const encoded = await encodeTexts(textEncoders, texts, syntax);
  const hidden = concatBatch(encoded.map((one) => one.hidden));
  const expected = tensors(`${index}.hidden`);
  expect(hidden.dims).toEqual(expected.dims);
  expect(maxDifference(hidden.data, expected.data)).toBeLessThan(1e-4);
  expect(maxDifference(encoded[0]!.pooled.data, tensors(`${index}.pooled`).data)).toBeLessThan(1e-4);
});

it('an embedding of another width is refused, with the width that was expected', async () => {
  const choice = { name: 'x', file: goldenData('random', 'torch-cpu-randn.safetensors') };
  await expect(loadModel(goldenData('models', 'tiny-refiner'), { embeddings: [choice] })).rejects.toMatchObject({
    code: 'EMBEDDING_UNSUITABLE',
    message: expect.stringMatching(/clip_g \[vectors, 64\]/) as string,
  });
});

it('an embedding changes the model’s digest, and only prompts with its name', async () => {
  const plain = await loadModel(goldenData('models', 'tiny-refiner'));
  const model = await opened('tiny-refiner');
  expect(model.digest).not.toBe(plain.digest);
  expect(await model.prompts.encode(['a red fox'])).toEqual(await plain.prompts.encode(['a red fox']));
});
