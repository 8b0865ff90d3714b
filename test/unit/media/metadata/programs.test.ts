/** Metadata of each program but A1111 and ComfyUI, as it writes it, with invented contents. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { exifComment, iTXt, jpeg, png, pngWith, tiff, unicode, USER_COMMENT, webp } from './build-pictures.js';
import * as texts from './infotexts.js';

const read = (picture: Uint8Array): GenerationMetadata | null => readGenerationMetadata(picture);

const FOOOCUS = `{"adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "juggernautXL_v8Rundiffusion", "base_model_hash": "aeb7e9e689", "full_negative_prompt": ["low quality"], "full_prompt": ["a lamp", "cinematic still a lamp"], "guidance_scale": 4.0, "negative_prompt": "", "performance": "Speed", "prompt": "a lamp", "refiner_model": "None", "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras", "seed": "123", "sharpness": 2.0, "steps": 30, "styles": "['Fooocus V2']", "version": "Fooocus v2.5.5"}`;

describe('Fooocus', () => {
  const LAMP = {
    program: 'fooocus',
    prompt: 'a lamp',
    negativePrompt: '',
    seed: 123,
    steps: 30,
    sampler: 'dpmpp_2m_sde_gpu',
    scheduler: 'karras',
    guidanceScale: 4,
    width: 1152,
    height: 896,
    warnings: [],
  };
  const comment = (text: string): Buffer => tiff([{ tag: USER_COMMENT, type: 7, value: Buffer.from(text) }]);

  it('its own scheme, in PNG, and in IFD0 without a character set', () => {
    expect(read(pngWith({ parameters: FOOOCUS, fooocus_scheme: 'fooocus' }))).toEqual(LAMP);
    expect(read(jpeg(comment(FOOOCUS)))).toEqual(LAMP);
    expect(read(webp(comment(FOOOCUS)))).toEqual(LAMP);
  });

  it("A1111's scheme", () => {
    const text = texts.PLAIN.replace('v1.10.1', 'Fooocus v2.5.5');
    const FOX = expect.objectContaining({
      program: 'fooocus',
      prompt: 'a red fox in snow',
      seed: 123456789,
      width: 1024,
    });
    expect(read(pngWith({ parameters: text, fooocus_scheme: 'a1111' }))).toEqual(FOX);
    expect(read(jpeg(comment(text)))).toEqual(FOX);
  });

  it('RuinedFooocus', () => {
    const json = {
      Prompt: 'a jar',
      Negative: 'dust',
      steps: 9,
      cfg: 3,
      width: 640,
      height: 512,
      seed: 8,
      sampler_name: 'euler',
      scheduler: 'simple',
      software: 'RuinedFooocus',
    };
    expect(read(pngWith({ parameters: JSON.stringify(json) }))).toMatchObject({
      prompt: 'a jar',
      negativePrompt: 'dust',
      steps: 9,
      guidanceScale: 3,
      width: 640,
      height: 512,
      seed: 8,
      sampler: 'euler',
      scheduler: 'simple',
    });
  });
});

describe('InvokeAI', () => {
  const lighthouse = {
    program: 'invokeai',
    prompt: 'a lighthouse',
    negativePrompt: 'fog, blur',
    seed: 3735,
    steps: 50,
    guidanceScale: 7.5,
    width: 512,
    height: 512,
    sampler: 'k_euler_a',
  };

  it('invokeai_metadata', () => {
    const json = `{"generation_mode":"sdxl_txt2img","positive_prompt":"a lamp","negative_prompt":"","positive_style_prompt":"","width":1024,"height":1024,"seed":5,"rand_device":"cpu","cfg_scale":6,"steps":30,"scheduler":"dpmpp_2m_k","model":{"key":"k","hash":"blake3:0","name":"sdxl","base":"sdxl","type":"main"},"refiner_model":null}`;
    expect(read(pngWith({ invokeai_metadata: json, invokeai_graph: '{}' }))).toEqual({
      program: 'invokeai',
      prompt: 'a lamp',
      negativePrompt: '',
      seed: 5,
      steps: 30,
      sampler: 'dpmpp_2m_k',
      scheduler: null,
      guidanceScale: 6,
      width: 1024,
      height: 1024,
      warnings: [],
    });
  });

  it('sd-metadata', () => {
    const image = {
      prompt: [{ prompt: 'a lighthouse [fog, blur]', weight: 1 }],
      sampler: 'k_euler_a',
      seed: 3735,
      steps: 50,
      cfg_scale: 7.5,
      width: 512,
      height: 512,
    };
    const json = JSON.stringify({ model_weights: 'stable-diffusion-1.5', model_hash: 'cc6c', image });
    expect(read(pngWith({ 'sd-metadata': json, Dream: 'anything' }))).toMatchObject(lighthouse);
  });

  it('Dream', () => {
    const line = '"a lighthouse [fog, blur]" -s 50 -S 3735 -W 512 -H 512 -C 7.5 -A k_euler_a';
    expect(read(pngWith({ Dream: line }))).toMatchObject(lighthouse);
    expect(read(pngWith({ Dream: line.replace(/ (?=\d)/g, '') }))).toMatchObject(lighthouse);
  });
});

it('NovelAI', () => {
  const comment = {
    steps: 28,
    sampler: 'k_euler_ancestral',
    seed: 77,
    scale: 11,
    strength: 0.7,
    noise: 0,
    uc: 'lowres',
    width: 832,
    height: 1216,
    noise_schedule: 'karras',
  };
  const all = {
    Title: 'AI generated image',
    Description: 'a girl with a kite',
    Software: 'NovelAI',
    Source: 'Stable Diffusion XL 1234ABCD',
    Comment: JSON.stringify(comment),
  };
  expect(read(pngWith(all))).toEqual({
    program: 'novelai',
    prompt: 'a girl with a kite',
    negativePrompt: 'lowres',
    seed: 77,
    steps: 28,
    sampler: 'k_euler_ancestral',
    scheduler: 'karras',
    guidanceScale: 11,
    width: 832,
    height: 1216,
    warnings: [],
  });
  expect(read(pngWith({ Software: 'Paint', Description: 'a girl' }))).toBeNull();
});

describe('SwarmUI', () => {
  const json = JSON.stringify({
    sui_image_params: {
      prompt: 'a ship',
      negativeprompt: 'rain',
      model: 'sdxl',
      seed: '99',
      steps: 25,
      cfgscale: '5.5',
      width: 896,
      height: 1152,
      sampler: 'dpmpp_2m',
      scheduler: 'karras',
    },
    sui_extra_data: { date: '2025-01-01' },
  });
  const SHIP = {
    program: 'swarmui',
    prompt: 'a ship',
    negativePrompt: 'rain',
    seed: 99,
    steps: 25,
    guidanceScale: 5.5,
    width: 896,
    height: 1152,
    sampler: 'dpmpp_2m',
    scheduler: 'karras',
  };

  it('PNG, JPEG in UTF-16 little endian, and the old place', () => {
    expect(read(pngWith({ parameters: json }))).toMatchObject(SHIP);
    expect(read(jpeg(exifComment(unicode(json, 'LE'))))).toMatchObject(SHIP);
    expect(read(jpeg(tiff([{ tag: 0x0110, type: 2, value: Buffer.from(`${json}\0`) }])))).toMatchObject(SHIP);
  });
});

it('Draw Things', () => {
  const json = `{"c":"a \\"tall\\" tower","uc":"mist","steps":10,"sampler":"DPM++ 2M Karras","scale":10.0,"seed":1177,"size":"1152x768","model":"sd_v1.4_f16.ckpt","strength":1.0,"seed_mode":"Scale Alike"}`;
  const xmp = `<x:xmpmeta><rdf:RDF><rdf:Description><xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">${json.replaceAll('"', '&quot;')}</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>`;
  expect(read(png([iTXt('XML:com.adobe.xmp', xmp)]))).toEqual({
    program: 'draw-things',
    prompt: 'a "tall" tower',
    negativePrompt: 'mist',
    seed: 1177,
    steps: 10,
    sampler: 'DPM++ 2M Karras',
    scheduler: null,
    guidanceScale: 10,
    width: 1152,
    height: 768,
    warnings: [],
  });
});

describe('Easy Diffusion', () => {
  const HERON = {
    program: 'easy-diffusion',
    prompt: 'a heron',
    negativePrompt: 'people',
    seed: 5,
    steps: 20,
    sampler: 'euler_a',
    guidanceScale: 7.5,
    width: 512,
    height: 640,
    warnings: [],
  };
  const settings = {
    prompt: 'a heron',
    negative_prompt: 'people',
    seed: '5',
    num_inference_steps: '20',
    sampler_name: 'euler_a',
    guidance_scale: '7.5',
    width: '512',
    height: '640',
    use_stable_diffusion_model: 'sdxl',
  };

  it('texts of a PNG under both kinds of names, and JSON in EXIF', () => {
    expect(read(pngWith(settings))).toMatchObject(HERON);
    const labels = {
      Prompt: 'a heron',
      'Negative Prompt': 'people',
      Seed: '5',
      Steps: '20',
      Sampler: 'euler_a',
      'Guidance Scale': '7.5',
      Width: '512',
      Height: '640',
      'Stable Diffusion model': 'sdxl',
    };
    expect(read(pngWith(labels))).toMatchObject(HERON);
    expect(read(jpeg(exifComment(unicode(JSON.stringify(settings), 'BE'))))).toMatchObject(HERON);
  });

  it('a prompt alone, and settings of diffusers, do not make one', () => {
    expect(read(pngWith({ prompt: 'a heron' }))).toBeNull();
    expect(read(pngWith({ prompt: 'a heron', num_inference_steps: '20' }))).toBeNull();
  });
});
