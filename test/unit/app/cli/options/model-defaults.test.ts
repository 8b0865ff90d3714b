/** What a model's folder may bring, and what it may not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLED_BASE, BUNDLED_MODEL } from '#src/app/cli/options/bundled-model.js';
import { readModelDefaults } from '#src/app/cli/options/model-defaults.js';
import { temporaryFolder } from '../../../../support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const FILE = 'refine-defaults.json';
const modelWith = (text: string | Uint8Array): string => {
  const model = mkdtempSync(join(folder, 'model-'));
  writeFileSync(join(model, FILE), text);
  return model;
};

it('the bundled refiner wants no guidance, the bundled base model some', async () => {
  expect(await readModelDefaults(BUNDLED_MODEL)).toEqual({ guidance_scale: 1 });
  expect(await readModelDefaults(BUNDLED_BASE)).toEqual({ guidance_scale: 3 });
});

it('reads what says what a picture is, typed as in manifests', async () => {
  const settings = { strength: 0.5, steps: 20, negative_prompt: '', freeu: [1, 1, 1, 1], scheduler: 'DDIM' };
  expect(await readModelDefaults(modelWith(JSON.stringify({ $schema: 'x', ...settings })))).toEqual(settings);
});

it('a folder without the file, a file, and a model that is not there bring nothing', async () => {
  const checkpoint = join(folder, 'model.safetensors');
  writeFileSync(checkpoint, '');
  for (const model of [folder, checkpoint, join(folder, 'none')]) expect(await readModelDefaults(model)).toEqual({});
});

it.each<[string, string | Uint8Array, string]>([
  [
    'a place to write to',
    '{"output_dir": "/etc"}',
    'unknown key "output_dir": a model may set negative_prompt, strength, steps',
  ],
  ['a picture', '{"image": "http://example.com/x.png"}', 'unknown key "image"'],
  ['a prompt', '{"prompt": "a cat"}', 'unknown key "prompt"'],
  ['a seed', '{"seed": 1}', 'unknown key "seed"'],
  ['another program’s name', '{"cfg": 7}', 'did you mean "guidance_scale"?'],
  ['a slip', '{"strenght": 0.1}', 'did you mean "strength"?'],
  ['a member of every object', '{"__proto__": {"steps": 1}}', 'unknown key "__proto__"'],
  ['a value out of range', '{"strength": 3}', 'Expected strength to be a number from 0 to 1, got 3'],
  ['a value in quotes', '{"steps": "20"}', 'write it without quotes'],
  ['no value', '{"steps": null}', 'Expected steps to be'],
  ['a scheduler of nobody', '{"scheduler": "Fastest"}', 'scheduler'],
  ['guidance that ends before it begins', '{"guidance_start": 0.5, "guidance_end": 0.2}', 'guidance_start'],
  ['a key twice', '{"steps": 2, "steps": 3}', 'has the key "steps" twice'],
  ['a list', '[]', 'is not a JSON object'],
  ['no JSON', '{', 'is not JSON'],
  ['no text', Uint8Array.of(0x7b, 0xff, 0x7d), 'is not JSON in UTF-8'],
  ['too much', `{"negative_prompt": "${'x'.repeat(2 ** 16)}"}`, "a model's defaults may have at most 65536"],
  ['deep nesting', `{"steps": ${'['.repeat(100)}${']'.repeat(100)}}`, 'nests'],
])('%s is refused, and the file named', async (_, text, message) => {
  const model = modelWith(text);
  const refused = await readModelDefaults(model).then(
    () => null,
    (thrown: unknown) => thrown as { code: string; message: string },
  );
  expect(refused).toMatchObject({ code: 'MODEL_CONFIG_INVALID', exitCode: 4 });
  expect(refused?.message).toContain(message);
  expect(refused?.message).toContain(join(model, FILE));
});

it('a folder in its place is refused, not read', async () => {
  const model = mkdtempSync(join(folder, 'model-'));
  mkdirSync(join(model, FILE));
  await expect(readModelDefaults(model)).rejects.toMatchObject({ exitCode: 4 });
});
