/** Which side a prompt is on, through what carries both. */
import {
  blurry,
  both,
  FOX,
  fox,
  type Graph,
  graphOf,
  node,
  read,
  sampler,
  sidesOf,
  texts,
  wires,
} from './comfyui-graphs.js';

describe('both sides of a node', () => {
  it.each<[what: string, three: Graph[string], nodes: Graph]>([
    [
      'Efficient Loader',
      sampler(both(1, 2), 'KSampler (Efficient)'),
      { x: node('Efficient Loader', { ...texts, lora_name: 'None', empty_latent_width: 64, empty_latent_height: 64 }) },
    ],
    [
      'Efficient Loader with linked texts',
      sampler(both(1, 2)),
      {
        x: node('Efficient Loader', { positive: ['t', 0], negative: ['u', 0] }),
        t: node('Text Multiline', { text: 'a red fox' }),
        u: node('PrimitiveString', { value: 'blurry' }),
      },
    ],
    [
      'a second KSampler (Efficient)',
      sampler(both(1, 2), 'KSampler (Efficient)'),
      { x: node('Some sampler', { ...wires }), p: fox, n: blurry },
    ],
    [
      'Eff. Loader SDXL',
      sampler({ sdxl_tuple: ['x', 0], noise_seed: 1 }, 'KSampler SDXL (Eff.)'),
      { x: node('Eff. Loader SDXL', { ...texts, positive_ascore: 6, negative_ascore: 2 }) },
    ],
    [
      'Pack SDXL Tuple',
      sampler(both(2, 3)),
      {
        x: node('Unpack SDXL Tuple', { sdxl_tuple: ['y', 0] }),
        y: node('Pack SDXL Tuple', {
          base_positive: ['p', 0],
          base_negative: ['n', 0],
          refiner_positive: ['n', 0],
          refiner_negative: ['p', 0],
        }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'Impact’s basic pipe',
      sampler(both(3, 4)),
      {
        x: node('FromBasicPipe', { basic_pipe: ['y', 0] }),
        y: node('ToBasicPipe', { model: ['4', 0], clip: ['4', 1], vae: ['4', 2], ...wires }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'Impact’s sampler of a pipe',
      sampler({ basic_pipe: ['x', 0] }, 'ImpactKSamplerBasicPipe'),
      {
        x: node('EditBasicPipe', { basic_pipe: ['y', 0], negative: ['n', 0] }),
        y: node('ToBasicPipe', { positive: ['p', 0], negative: ['p', 0] }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'a detailer pipe',
      sampler(both(4, 5)),
      {
        x: node('FromDetailerPipe_v2', { detailer_pipe: ['y', 0] }),
        y: node('ToDetailerPipe', { ...wires, wildcard: '', 'Select to add LoRA': '-' }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'rgthree’s contexts',
      sampler(both(4, 5)),
      {
        x: node('Context (rgthree)', { base_ctx: ['y', 0], positive: ['p', 0] }),
        y: node('Context Switch (rgthree)', { ctx_01: ['z', 0] }),
        z: node('Context Big (rgthree)', { positive: ['n', 0], negative: ['n', 0], text_pos_g: 'x' }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'rgthree’s merge, where the last counts',
      sampler(both(4, 5)),
      {
        x: node('Context Merge (rgthree)', { ctx_01: ['y', 0], ctx_02: ['z', 0] }),
        y: node('Context (rgthree)', { positive: ['n', 0], negative: ['p', 0] }),
        z: node('Context (rgthree)', { positive: ['p', 0], negative: ['n', 0] }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'easy-use',
      sampler({ pipe: ['x', 0] }, 'easy preSampling'),
      {
        '8': node('easy kSampler', { pipe: ['3', 0], image_output: 'Hide' }),
        x: node('easy fullLoader', { ckpt_name: 'a', ...texts, empty_latent_width: 64, empty_latent_height: 64 }),
      },
    ],
    [
      'easy pipeIn',
      sampler({ pipe: ['x', 0] }, 'easy fullkSampler'),
      {
        x: node('easy pipeIn', { pipe: ['y', 0], pos: ['p', 0] }),
        y: node('easy a1111Loader', { positive: 'other', negative: ['t', 0] }),
        t: node('easy negative', { negative: 'blurry' }),
        p: fox,
      },
    ],
    [
      'a control net over a pipe',
      sampler(both(0, 1)),
      {
        x: node('ControlNetApplyAdvanced', {
          positive: ['y', 3],
          negative: ['y', 4],
          control_net: ['c', 0],
          image: ['i', 0],
          strength: 1,
        }),
        y: node('FromBasicPipe', { basic_pipe: ['z', 0] }),
        z: node('ToBasicPipe', { ...wires }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'another order of outputs',
      sampler(both(1, 0)),
      { x: node('Swapped Loader', { negative: 'blurry', positive: 'a red fox' }) },
    ],
    [
      'a stack of control nets',
      sampler(both(0, 1)),
      {
        x: node('CR Apply Multi-ControlNet', {
          base_positive: ['p', 0],
          base_negative: ['n', 0],
          switch: 'On',
          controlnet_stack: ['c', 0],
        }),
        p: fox,
        n: blurry,
      },
    ],
    [
      'a styler’s texts',
      sampler({ positive: ['p', 0], negative: ['n', 0] }),
      {
        x: node('Some Styler', {
          text_positive: 'a red fox',
          text_negative: 'blurry',
          negative_prompt_to: 'Both',
          style_positive: true,
        }),
        p: node('CLIPTextEncode', { text: ['x', 0] }),
        n: node('CLIPTextEncode', { text: ['x', 1] }),
      },
    ],
    [
      'a styler’s texts for two encoders',
      sampler({ positive: ['p', 0], negative: ['n', 0] }),
      {
        x: node('SDXLPromptStylerAdvanced', {
          text_positive_g: 'a red fox',
          text_positive_l: 'a red fox',
          text_negative: 'blurry',
        }),
        p: node('CLIPTextEncodeSDXL', { text_g: ['x', 0], text_l: ['x', 1] }),
        n: node('CLIPTextEncodeSDXL', { text_g: ['x', 3], text_l: ['x', 3] }),
      },
    ],
    [
      'a subgraph’s inner nodes',
      sampler({ positive: ['12:3', 0], negative: ['12:4', 0] }),
      { '12:3': node('Reroute', { '': ['12:5', 0] }), '12:4': blurry, '12:5': fox },
    ],
    [
      'wires that cross on purpose',
      sampler(both(1, 0)),
      { x: node('ControlNetApplyAdvanced', { positive: ['n', 0], negative: ['p', 0] }), p: fox, n: blurry },
    ],
  ])('%s', (_what, three, nodes) => {
    const facts = read(graphOf(three, nodes));
    expect(sidesOf(facts)).toEqual(FOX);
    expect(facts?.warnings).toEqual([]);
  });

  it('a long row of control nets', () => {
    const row: Graph = { n0: fox, m0: blurry };
    for (let i = 1; i <= 60; i++)
      row[`n${i}`] = node('ControlNetApplyAdvanced', {
        positive: [`n${i - 1}`, 0],
        negative: [i === 1 ? 'm0' : `n${i - 1}`, i === 1 ? 0 : 1],
      });
    expect(sidesOf(read(graphOf(sampler({ positive: ['n60', 0], negative: ['n60', 1] }), row)))).toEqual(FOX);
  });
});
