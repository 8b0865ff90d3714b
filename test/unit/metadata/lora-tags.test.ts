import { readA1111 } from '#src/metadata/programs/a1111.js';

it('takes the networks that a prompt names out of it', () => {
  const text =
    'a cat <lora:ink:0.6>, fur <lyco:paper:1:0.5> <b>\nNegative prompt: dog\nSteps: 5, Sampler: Euler, CFG scale: 7, Seed: 1';
  expect(readA1111(text, true, () => undefined)).toMatchObject({ prompt: 'a cat, fur <b>', negativePrompt: 'dog' });
});
