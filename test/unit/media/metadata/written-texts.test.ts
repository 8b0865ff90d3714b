import sharp from 'sharp';
import { a1111Parameters } from '#src/media/metadata/a1111-parameters.js';
import { textsToKeep } from '#src/media/metadata/texts-to-keep.js';
import { parseInfotext } from '#src/media/metadata/programs/parse-infotext.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { runEntry } from '#src/media/metadata/run-entry.js';
import type { RunMetadata } from '#src/media/metadata/run-metadata.js';
import { writeExifUserComment } from '#src/media/metadata/write-exif-user-comment.js';
import { writePngText } from '#src/media/metadata/write-png-text.js';
import { plainSettings } from '../../../support/settings.js';
import { pngWith, warned } from './build-pictures.js';
import * as texts from './infotexts.js';

const RUN: RunMetadata = {
  settings: { ...plainSettings, prompt: 'a "red" fox, 山', targetSize: [1024, 1024] },
  scheduler: 'EulerDiscreteScheduler',
  stepsRun: 15,
  width: 1024,
  height: 768,
  model: { name: 'sdxl, refiner', fingerprint: 'abc' },
  version: '0.1.0',
  source: null,
};

describe('a1111Parameters', () => {
  const parsed = (run: RunMetadata): ReturnType<typeof parseInfotext> =>
    warned((warn) => parseInfotext(a1111Parameters(run), warn)).value;

  it('the text, as other programs want it', () => {
    expect(a1111Parameters(RUN)).toBe(`a "red" fox, 山
Negative prompt: 
Steps: 50, Sampler: Euler, CFG scale: 5, Seed: 7, Size: 1024x768, Model: "sdxl, refiner", Denoising strength: 0.3, Refine model: "sdxl, refiner", Refine scheduler: EulerDiscreteScheduler, Refine steps: 50, Refine steps run: 15, Refine CFG scale: 5, Refine seed: 7, Refine ascore: 6, Refine negative ascore: 2.5, Version: sdxl-refine 0.1.0`);
    const { params, ...prompts } = parsed(RUN)!;
    expect(prompts).toEqual({ prompt: 'a "red" fox, 山', negativePrompt: '' });
    expect(params.get('Refine model')).toBe('sdxl, refiner');
    expect(a1111Parameters({ ...RUN, settings: { ...RUN.settings, prompt: '' } })).toMatch(
      /^\nNegative prompt: \nSteps: /,
    );
  });

  it('LoRAs are tags with the weights that were applied, and tags that were words are left out', () => {
    const settings = {
      ...RUN.settings,
      prompt: 'a fox <lora:mist:1>, <b> <LyCO:grain:0.3>',
      negativePrompt: '<hypernet:h:1> low',
      loraWeights: { ink: 0.8, paper: { text_encoder: 0.5, unet: 1 } },
    };
    expect(a1111Parameters({ ...RUN, settings })).toMatch(
      /^a fox, <b> <lora:ink:0\.8> <lora:paper:0\.5:1>\nNegative prompt: {2}low\n/,
    );
  });

  it('of a picture from noise, the usual keys are the base model’s', () => {
    const refiner = { ...RUN.settings, seed: 8, guidanceScale: 4 };
    const run = (handoff: number | null): RunMetadata => ({
      ...RUN,
      baseModel: 'sdxl base',
      generation: { mode: handoff === null ? 'two-stage' : 'ensemble', handoff, stageInput: null, refiner },
    });
    const text = a1111Parameters(run(0.8));
    expect(text).toContain('Steps: 50, Sampler: Euler, CFG scale: 5, Seed: 7, Size: 1024x768, Model: sdxl base');
    expect(text).toContain('Refiner: "sdxl, refiner", Refiner switch at: 0.8, Refine CFG scale: 4, Refine seed: 8');
    expect(text).not.toContain('Denoising strength');
    const stages = a1111Parameters(run(null));
    expect(stages).toContain(
      'Model: sdxl base, Denoising strength: 0.3, Refine model: "sdxl, refiner", Refine steps: 50',
    );
    expect(stages).not.toContain('switch');
    const json = JSON.parse(runEntry(run(0.8)).text) as object;
    expect(json).toMatchObject({ mode: 'ensemble', handoff: 0.8, base_model: 'sdxl base', refiner: { seed: 8 } });
    expect(json).toMatchObject({ settings: { seed: 7 } });
  });

  it('what made the source keeps the usual keys', () => {
    const source = readGenerationMetadata(pngWith({ parameters: texts.PLAIN }));
    const params = Object.fromEntries(parsed({ ...RUN, source })?.params ?? []);
    expect(params).toMatchObject({
      Steps: '30',
      Sampler: 'DPM++ 2M',
      'Schedule type': 'Karras',
      Seed: '123456789',
      Size: '1024x768',
      'Refine seed': '7',
      'Refine steps': '50',
    });
    expect(params).not.toHaveProperty('Model');
    const bare = readGenerationMetadata(pngWith({ parameters: texts.BARE }));
    expect(a1111Parameters({ ...RUN, source: bare })).toBe(a1111Parameters(RUN));
  });

  it('of a run that began where another model ended', () => {
    const { params } = parsed({ ...RUN, settings: { ...RUN.settings, denoisingStart: 0.8 } })!;
    expect(params.get('Refine start')).toBe('0.8');
    expect(params.has('Denoising strength')).toBe(false);
  });

  it('JPEG: text that this program wrote is recognized', async () => {
    const written = writeExifUserComment(
      await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
        .jpeg()
        .toBuffer(),
      a1111Parameters(RUN),
    )!;
    expect(readGenerationMetadata(written)).toMatchObject({
      program: 'sdxl-refine',
      prompt: 'a "red" fox, 山',
      negativePrompt: '',
      seed: 7,
    });
  });
});

it('textsToKeep: texts that are not rewritten, if their keyword is valid in PNG', () => {
  const keywords = [
    'parameters',
    'sdxl-refine',
    'XML:com.adobe.xmp',
    'Raw profile type exif',
    'prompt',
    ' x',
    'Title',
    'a\n',
  ];
  const kept = textsToKeep(keywords.map((keyword) => ({ keyword, text: '' })));
  expect(kept.map(({ keyword }) => keyword)).toEqual(['prompt', 'Title']);
});

it('runEntry: every setting under its key, read back before the A1111 text', () => {
  const prompt = 'a sign:\nNegative prompt: none';
  const run = { ...RUN, settings: { ...RUN.settings, prompt } };
  const entry = runEntry(run);
  expect(JSON.parse(entry.text)).toEqual({
    version: '0.1.0',
    model: { name: 'sdxl, refiner', fingerprint: 'abc' },
    scheduler: 'EulerDiscreteScheduler',
    steps_run: 15,
    width: 1024,
    height: 768,
    settings: {
      prompt,
      negative_prompt: '',
      strength: 0.3,
      steps: 50,
      guidance_scale: 5,
      seed: 7,
      scheduler: null,
      adaptive_guidance: null,
      cache_interval: 1,
      cache_depth: 2,
      timesteps: null,
      sigmas: null,
      eta: 0,
      rng: 'torch-cpu',
      variation_seed: null,
      variation_strength: 0,
      eta_noise_seed_delta: 0,
      vae_sample: 'sample',
      aesthetic_score: 6,
      negative_aesthetic_score: 2.5,
      original_size: null,
      target_size: [1024, 1024],
      crops_coords_top_left: [0, 0],
      negative_original_size: null,
      negative_target_size: null,
      negative_crops_coords_top_left: [0, 0],
      denoising_start: null,
      denoising_end: null,
      prompt_syntax: 'plain',
      negative_embedding: 'prompt',
      guidance_rescale: 0,
      guidance_start: 0,
      guidance_end: 1,
      freeu: null,
    },
    source: null,
  });
  const written = writePngText(pngWith({}), [{ keyword: 'parameters', text: a1111Parameters(run) }, entry]);
  expect(readGenerationMetadata(written)).toEqual({
    program: 'sdxl-refine',
    prompt,
    negativePrompt: '',
    seed: 7,
    steps: 50,
    sampler: 'EulerDiscreteScheduler',
    scheduler: null,
    guidanceScale: 5,
    width: 1024,
    height: 768,
    warnings: [],
  });
});
