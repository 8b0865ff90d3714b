/** What a found file may set, key by key: a new option or row key fails here until it is decided on. */
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { buildProgram } from '#src/app/cli/program.js';
import { configKeys } from '#src/app/cli/config/config-keys.js';
import type { SettingValue } from '#src/app/cli/config/setting-value.js';
import { foundFileMaySet, refuseUntrustedSettings } from '#src/app/cli/config/untrusted-settings.js';

const { commands } = buildProgram({ stdout: {}, stderr: {} } as unknown as ProcessContext, () => undefined, true);
const names = new Set(
  commands
    .filter((command) => ['refine', 'batch', 'generate'].includes(command.name()))
    .flatMap((command) => configKeys(command).map(({ name }) => name)),
);
const namesWith = (may: boolean | 'here'): string[] =>
  [...names].filter((name) => foundFileMaySet(name) === may).sort();
const refuse = (name: string, value: SettingValue): Promise<void> =>
  refuseUntrustedSettings(
    { path: '/gift/sdxl-refine.yaml', settings: new Map([[name, value]]) },
    { env: {}, cwd: () => '/' },
  );

/* Each changes the numbers or the form of a picture, and nothing else. */
const OF_PICTURES = `
  adaptive_guidance aesthetic_score bit_depth cache_depth cache_interval count crops_coords_top_left denoising_end denoising_start
  eta eta_noise_seed_delta fit format freeu from_metadata guidance_end guidance_rescale guidance_scale guidance_start
  handoff height metadata mode negative_aesthetic_score negative_crops_coords_top_left negative_embedding
  negative_original_size negative_prompt negative_target_size original_size prompt prompt_syntax quality
  refiner_guidance_scale refiner_negative_prompt refiner_prompt refiner_scheduler refiner_seed refiner_steps rng
  scheduler seed seed_mode sigmas stage_input steps strength target_size timesteps vae_sample variation_seed
  variation_strength width
`;

it('settings of pictures are for a found file to say', () => {
  expect(namesWith(true)).toEqual(OF_PICTURES.trim().split(/\s+/));
});

it('models and weights are, where they are on this machine', () => {
  expect(namesWith('here')).toEqual(['base', 'base_lora', 'embedding', 'lora', 'model', 'vae']);
});

it('nothing else is: where outputs go, what a run replaces, downloads, sends, screens or prints', async () => {
  const others = namesWith(false);
  expect(others).toEqual(
    expect.arrayContaining(['output_dir', 'predictions_csv', 'overwrite', 'resume', 'append', 'prune', 'save_latents']),
  );
  expect(others).toEqual(expect.arrayContaining(['quiet', 'json', 'content_safety', 'safety_model', 'lora_dir']));
  for (const name of others)
    await expect(refuse(name, 'x')).rejects.toMatchObject({ code: 'USAGE_CONFLICT', context: { key: name } });
});

it.each([
  '//host/a',
  '\\\\host\\a',
  '/\\host/a',
  '\\/host/a',
  '\\\\?\\UNC\\host\\a',
  '\\??\\UNC\\host\\a',
  '/??/UNC/host/a',
  'https://host/a',
])('a place on the network is refused: %s', async (place) => {
  for (const name of ['model', 'base', 'vae'])
    await expect(refuse(name, place)).rejects.toThrow('a place on the network');
  for (const name of ['lora', 'base_lora']) await expect(refuse(name, ['a', place])).rejects.toThrow('on the network');
  await expect(refuse('embedding', `<x>=${place}`)).rejects.toThrow('a place on the network');
});

it.each(['somebody/refiner', 'bucket:a'])('a model that would be downloaded is refused: %s', async (id) => {
  for (const name of ['model', 'base']) await expect(refuse(name, id)).rejects.toThrow('would be downloaded');
});
