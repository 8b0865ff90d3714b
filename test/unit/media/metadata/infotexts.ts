/** Texts in A1111's grammar, invented for these tests. */
export const PLAIN = `a red fox in snow
Negative prompt: blurry, lowres
Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 123456789, Size: 1024x1024, Model hash: 31e35c80fc, Model: sd_xl_base_1.0, Version: v1.10.1`;
export const QUOTED = `line one,
line two <lora:foo:0.8>
Negative prompt: bad hands,
extra fingers
Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 832x1216, Lora hashes: "foo: 0123456789ab, bar: ffff00001111", Hires prompt: "a: b, \\"c\\"\\nnext line"`;
export const BARE = 'only a prompt with no parameters';
export const EMPTY_VALUE =
  'portrait of a clerk\nSteps: 25, Sampler: Euler, CFG scale: 5, Seed: 42, Size: 1024x1024, Model hash: , Model: x';
export const MENU = 'menu card, Starter: soup, Main: fish, Dessert: cake';
export const REFINED = `山の朝, café
Negative prompt: 低画質
Steps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 7, Size: 1024x768, Denoising strength: 0.3, Refiner: sd_xl_refiner_1.0 [7440042bbd], Refiner switch at: 0.8`;
export const NO_PROMPT = '\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1';
export const WITH_JSON =
  'a cat\nNegative prompt: \nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Hashes: {"model": "31e35c80fc", "vae": "aa"}, Civitai resources: [{"type":"checkpoint","modelVersionId":128078}]';
