/** Graphs that make several pictures, and nodes that are named by their class. */
import { mapSampler } from '#src/media/metadata/map-sampler.js';
import { BASIC, BOTTLE, fox, type Graph, node, read } from './comfyui-graphs.js';

describe('several pictures of one graph', () => {
  const second = (inputs: Record<string, unknown>, nodes: Graph = {}): Graph => ({
    ...BASIC,
    p: fox,
    '103': node('KSampler', { ...BASIC['3']!.inputs, ...inputs }),
    '108': node('VAEDecode', { samples: ['103', 0] }),
    '109': node('SaveImage', { images: ['108', 0] }),
    ...nodes,
  });

  it.each<[what: string, graph: Graph, unknown: object, words: string]>([
    ['another prompt', second({ positive: ['p', 0] }), { prompt: null }, 'differ: prompt.'],
    ['another seed', second({ seed: 5 }), { seed: null }, 'differ: seed.'],
    [
      'another negative prompt and guidance',
      second({ negative: ['p', 0], cfg: 3 }),
      { negativePrompt: null, guidanceScale: null },
      'differ: negative prompt, guidance.',
    ],
    [
      'a further stage of the other',
      second(
        { positive: ['p', 0] },
        {
          '110': node('KSampler', { ...BASIC['3']!.inputs, latent_image: ['103', 0] }),
          '108': node('VAEDecode', { samples: ['110', 0] }),
        },
      ),
      { prompt: null },
      'differ: prompt.',
    ],
    [
      'both in one batch',
      second(
        { positive: ['p', 0] },
        {
          '9': node('SaveImage', { images: ['b', 0] }),
          '109': node('VAEDecode', { samples: ['103', 0] }),
          b: node('ImageBatch', { image1: ['8', 0], image2: ['108', 0] }),
        },
      ),
      { prompt: null },
      'differ: prompt.',
    ],
  ])('%s', (_what, graph, unknown, words) => {
    const facts = read(graph);
    const others = Object.fromEntries(Object.keys(unknown).map((key) => [key, BOTTLE[key as keyof typeof BOTTLE]]));
    expect({ ...facts, ...others, warnings: [] }).toEqual(
      _what.startsWith('a further') ? { ...BOTTLE, prompt: 'a bottle on a beach' } : BOTTLE,
    );
    expect(facts).toMatchObject(unknown);
    expect(facts?.warnings).toEqual([expect.stringContaining(words)]);
  });

  it('that are alike, or stages of one, stay known', () => {
    expect(read(second({}))).toEqual(BOTTLE);
    const stages = second({ latent_image: ['3', 0], positive: ['p', 0], seed: 9 });
    expect(read(stages)).toEqual(BOTTLE);
  });
});

describe("nodes of SamplerCustom's parts", () => {
  const custom = (sampler: Graph[string], sigmas: Graph[string], nodes: Graph = {}): Graph => ({
    ...BASIC,
    '3': node('SamplerCustomAdvanced', {
      noise: ['n', 0],
      guider: ['g', 0],
      sampler: ['k', 0],
      sigmas: ['s', 0],
      latent_image: ['5', 0],
    }),
    n: node('RandomNoise', { noise_seed: 4 }),
    g: node('CFGGuider', { cfg: 5, positive: ['6', 0], negative: ['7', 0] }),
    k: sampler,
    s: sigmas,
    ...nodes,
  });
  const select = node('KSamplerSelect', { sampler_name: 'dpmpp_2m' });
  const levels = node('KarrasScheduler', { steps: 9, sigma_max: 14.6, sigma_min: 0.03, rho: 7 });
  const basic = node('BasicScheduler', { scheduler: 'normal', steps: 9, denoise: 1 });

  it.each<[sampler: Graph[string], sigmas: Graph[string], here: string | null]>([
    [select, levels, 'DPM++ 2M Karras'],
    [select, node('ExponentialScheduler', { steps: 9 }), 'DPM++ 2M Exponential'],
    [select, node('PolyexponentialScheduler', { steps: 9, rho: 1 }), 'DPM++ 2M Exponential'],
    [select, node('BetaSamplingScheduler', { steps: 9, alpha: 0.6, beta: 0.6 }), 'DPM++ 2M Beta'],
    [node('SamplerEulerAncestral', { eta: 1, s_noise: 1 }), basic, 'Euler a'],
    [node('SamplerLMS', { order: 4 }), levels, 'LMS Karras'],
    [node('SamplerDPMPP_2M_SDE', { solver_type: 'midpoint', eta: 1 }), levels, 'DPM++ 2M SDE Karras'],
    [node('SamplerDPMPP_2M_SDE', { solver_type: 'heun', eta: 1 }), levels, 'DPM++ 2M SDE Heun Karras'],
    [node('SamplerDPMPP_3M_SDE', { eta: 1 }), basic, 'DPM++ 3M SDE'],
    [node('SamplerDPMPP_SDE', { eta: 1, r: 0.5 }), levels, 'DPM++ SDE Karras'],
    [node('SamplerER_SDE', { eta: 1 }), levels, null],
    [node('Detail Daemon', { sampler: ['o', 0], amount: 0.1 }), levels, 'DPM++ 2M Karras'],
    [node('Any Switch (rgthree)', { any_01: ['o', 0] }), levels, 'DPM++ 2M Karras'],
  ])('%j with %j', (sampler, sigmas, here) => {
    const facts = read(custom(sampler, sigmas, { o: select }));
    expect(facts).toMatchObject({ prompt: BOTTLE.prompt, seed: 4, steps: 9, guidanceScale: 5, warnings: [] });
    expect(mapSampler(facts!)).toBe(here);
  });

  it('an unknown class is the name, and unusual numbers are said', () => {
    expect(read(custom(select, node('MoonScheduler', { steps: 9 })))).toMatchObject({ scheduler: 'MoonScheduler' });
    const facts = read(
      custom(node('SamplerEulerAncestral', { eta: 0.5 }), node('KarrasScheduler', { steps: 9, rho: 5 })),
    );
    expect(facts?.warnings).toEqual([expect.stringContaining('eta 0.5'), expect.stringContaining('rho 5')]);
  });
});

it('LoRAs that are not applied are said', () => {
  const model = (nodes: Graph): Graph => ({
    ...BASIC,
    '3': node('KSampler', { ...BASIC['3']!.inputs, model: ['l', 0] }),
    ...nodes,
  });
  const lora = (inputs: object): Graph =>
    model({ l: node('LoraLoader', { model: ['4', 0], clip: ['4', 1], ...inputs }) });
  const said = (graph: Graph): readonly string[] | undefined => read(graph)?.warnings;
  expect(said(lora({ lora_name: 'ink.safetensors', strength_model: 0.8, strength_clip: 1 }))).toEqual([
    'The picture was made with LoRAs, which are not applied: "ink".',
  ]);
  expect(said(lora({ lora_name: 'ink.safetensors', strength_model: 0, strength_clip: 0 }))).toEqual([]);
  expect(said(lora({ lora_name: 'None', strength_model: 1 }))).toEqual([]);
  expect(said(lora({ lora_1: { on: true, lora: 'a', strength: 1 }, lora_2: { on: false, lora: 'b' } }))).toEqual([
    expect.stringContaining('"a".'),
  ]);
  expect(said(lora({ switch_1: 'On', lora_name_1: 'a', switch_2: 'Off', lora_name_2: 'b' }))).toEqual([
    expect.stringContaining('"a".'),
  ]);
});
