import { readA1111 } from '#src/media/metadata/programs/a1111.js';

const text = (version: string): string =>
  `a cat <lora:ink:0.6>, fur <lyco:paper:1:0.5> <b>\nNegative prompt: dog\nSteps: 5, Sampler: Euler, CFG scale: 7, Seed: 1, Version: ${version}`;

it('leaves the networks that a prompt names to whoever reads it with its syntax', () => {
  const prompt = 'a cat <lora:ink:0.6>, fur <lyco:paper:1:0.5> <b>';
  expect(readA1111(text('v1.10.1'), true, () => undefined)).toMatchObject({ prompt, negativePrompt: 'dog' });
});

it('takes out those that stand behind a prompt of ours: they were applied', () => {
  expect(readA1111(text('sdxl-refine 0.1.0'), true, () => undefined)).toMatchObject({ prompt: 'a cat, fur <b>' });
});
