import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { jpeg, pngWith, tiff, webp } from './build-pictures.js';
import { BASIC, BOTTLE, type Graph, node, read } from './comfyui-graphs.js';

it('PNG, and WebP, where the graph is in Model', () => {
  expect(read(BASIC)).toEqual(BOTTLE);
  const entry = (tag: number, text: string): { tag: number; type: 2; value: Buffer } => ({
    tag,
    type: 2,
    value: Buffer.from(`${text}\0`),
  });
  const exif = tiff([entry(0x010f, 'workflow:{"nodes":[]}'), entry(0x0110, `prompt:${JSON.stringify(BASIC)}`)]);
  expect(readGenerationMetadata(webp(exif))).toEqual(BOTTLE);
  expect(readGenerationMetadata(jpeg(exif))).toEqual(BOTTLE);
});

it("Python's NaN and Infinity are null, and stay text in text", () => {
  const json = JSON.stringify(BASIC).replace('"denoise":1', '"denoise":NaN,"is_changed":[NaN],"x":-Infinity');
  const facts = readGenerationMetadata(pngWith({ prompt: json.replace('on a beach', 'with NaN, \\"Infinity\\"') }));
  expect(facts).toEqual({ ...BOTTLE, prompt: 'a bottle with NaN, "Infinity"' });
});

it('base and refiner: what made the picture is the base, whatever is saved last', () => {
  const graph: Graph = {
    base: node('KSamplerAdvanced', {
      add_noise: 'enable',
      noise_seed: 721897303308196,
      steps: 25,
      cfg: 7.5,
      sampler_name: 'euler',
      scheduler: 'normal',
      start_at_step: 0,
      end_at_step: 20,
      return_with_leftover_noise: 'enable',
      model: ['4', 0],
      positive: ['6', 0],
      negative: ['7', 0],
      latent_image: ['5', 0],
    }),
    '5': node('EmptyLatentImage', { width: 1024, height: 1024, batch_size: 1 }),
    '6': node('CLIPTextEncodeSDXL', {
      text_g: 'evening in a city',
      text_l: 'evening in a city',
      width: 4096,
      height: 4096,
      crop_w: 0,
      crop_h: 0,
      target_width: 4096,
      target_height: 4096,
    }),
    '7': node('CLIPTextEncodeSDXL', { text_g: 'fog', text_l: 'rain', width: 4096, height: 4096 }),
    refiner: node('KSamplerAdvanced', {
      add_noise: 'disable',
      noise_seed: 0,
      steps: 25,
      cfg: 8,
      sampler_name: 'euler',
      scheduler: 'normal',
      start_at_step: 20,
      end_at_step: 10000,
      model: ['12', 0],
      positive: ['15', 0],
      negative: ['16', 0],
      latent_image: ['base', 0],
    }),
    '15': node('CLIPTextEncodeSDXLRefiner', { ascore: 6, width: 1024, height: 1024, text: 'refined evening' }),
    '16': node('CLIPTextEncodeSDXLRefiner', { ascore: 2, width: 1024, height: 1024, text: '' }),
    '17': node('VAEDecode', { samples: ['refiner', 0] }),
    '19': node('SaveImage', { images: ['17', 0] }),
    '20': node('PreviewImage', { images: ['17', 0] }),
  };
  expect(read(graph)).toEqual({
    program: 'comfyui',
    prompt: 'evening in a city',
    negativePrompt: 'fog, rain',
    seed: 721897303308196,
    steps: 25,
    sampler: 'euler',
    scheduler: 'normal',
    guidanceScale: 7.5,
    width: 1024,
    height: 1024,
    warnings: [],
  });
  const alone = {
    ...graph,
    refiner: node('KSamplerAdvanced', { ...graph['refiner']!.inputs, latent_image: ['30', 0] }),
    '30': node('VAEEncode', { pixels: ['31', 0] }),
    '31': node('LoadImage', { image: 'a.png' }),
  };
  expect(read(alone)).toMatchObject({ prompt: 'refined evening', negativePrompt: '', width: null });
});

it('a second pass over an upscaled picture', () => {
  const graph: Graph = {
    ...BASIC,
    '9': node('SaveImage', { images: ['23', 0] }),
    '20': node('ImageScale', { image: ['8', 0], width: 2048, height: 1536 }),
    '21': node('VAEEncode', { pixels: ['20', 0] }),
    '22': node('KSampler', { ...BASIC['3']!.inputs, seed: 1, steps: 5, latent_image: ['21', 0] }),
    '23': node('VAEDecode', { samples: ['22', 0] }),
  };
  expect(read(graph)).toEqual(BOTTLE);
});

it.each([
  [
    'CFGGuider',
    node('CFGGuider', { model: ['4', 0], positive: ['6', 0], negative: ['7', 0], cfg: 3.5 }),
    'text, watermark',
    3.5,
  ],
  ['BasicGuider', node('BasicGuider', { model: ['4', 0], conditioning: ['6', 0] }), null, null],
])('SamplerCustomAdvanced with %s', (_name, guider, negativePrompt, guidanceScale) => {
  const graph: Graph = {
    ...BASIC,
    '3': node('SamplerCustomAdvanced', {
      noise: ['30', 0],
      guider: ['31', 0],
      sampler: ['32', 0],
      sigmas: ['34', 1],
      latent_image: ['5', 0],
    }),
    '30': node('RandomNoise', { noise_seed: 42 }),
    '31': guider,
    '32': node('KSamplerSelect', { sampler_name: 'heun' }),
    '33': node('BasicScheduler', { model: ['4', 0], scheduler: 'simple', steps: 12, denoise: 1 }),
    '34': node('SplitSigmas', { sigmas: ['33', 0], step: 0 }),
  };
  expect(read(graph)).toEqual({
    ...BOTTLE,
    seed: 42,
    steps: 12,
    sampler: 'heun',
    scheduler: 'simple',
    negativePrompt,
    guidanceScale,
  });
});

it('SamplerCustom', () => {
  const graph: Graph = {
    ...BASIC,
    '3': node('SamplerCustom', {
      add_noise: true,
      noise_seed: 9,
      cfg: 1.5,
      positive: ['6', 0],
      negative: ['7', 0],
      sampler: ['32', 0],
      sigmas: ['33', 0],
      latent_image: ['5', 0],
    }),
    '32': node('KSamplerSelect', { sampler_name: 'lcm' }),
    '33': node('SDTurboScheduler', { steps: 4, denoise: 1 }),
  };
  expect(read(graph)).toEqual({ ...BOTTLE, seed: 9, steps: 4, sampler: 'lcm', scheduler: 'turbo', guidanceScale: 1.5 });
});

it('seed, steps and size from linked nodes', () => {
  const graph: Graph = {
    ...BASIC,
    '3': node('KSampler', { ...BASIC['3']!.inputs, seed: ['40', 3], steps: ['41', 0], cfg: ['42', 0] }),
    '5': node('EmptyLatentImage', { width: ['43', 0], height: ['44', 0] }),
    '40': node('Seed (rgthree)', { seed: 77 }),
    '41': node('PrimitiveInt', { value: 33 }),
    '42': node('Reroute', { '': ['45', 0] }),
    '43': node('INTConstant', { value: 640 }),
    '44': node('SDXL Size', { height: 512, width: 640 }),
    '45': node('FloatConstant', { value: 2.5 }),
  };
  expect(read(graph)).toEqual({ ...BOTTLE, seed: 77, steps: 33, guidanceScale: 2.5, width: 640, height: 512 });
});

it.each([
  ['9007199254740993', '9007199254740993', []],
  ['18446744073709551615', '18446744073709551615', []],
  ['18446744073709551616', null, [expect.stringContaining('Ignored seed "18446744073709551616"')]],
])('of the seed %s, no digit is lost', (digits, seed, warnings) => {
  const json = JSON.stringify(BASIC).replace('8566257', digits);
  expect(readGenerationMetadata(pngWith({ prompt: json }))).toEqual({ ...BOTTLE, seed, warnings });
});

it('a graph that only previews, and one that saves by a node of its own', () => {
  expect(read({ ...BASIC, '9': node('PreviewImage', { images: ['8', 0] }) })).toEqual(BOTTLE);
  expect(read({ ...BASIC, '9': node('Image Save', { images: ['8', 0] }) })).toEqual(BOTTLE);
  expect(read({ ...BASIC, '9': node('SomethingElse', { images: ['8', 0] }) })).toEqual(BOTTLE);
});
