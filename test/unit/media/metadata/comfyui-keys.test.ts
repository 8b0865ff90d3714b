/** Keys of ComfyUI's nodes that are there and not used, and nodes that choose. */
import { type Graph, node, read, withText } from './comfyui-graphs.js';

describe('an unused key', () => {
  const smz = (inputs: object): Graph[string] =>
    node('smZ CLIPTextEncode', {
      text: 'a lighthouse',
      parser: 'A1111',
      text_g: '',
      text_l: '',
      with_SDXL: false,
      clip: ['4', 1],
      ...inputs,
    });

  it.each<[what: string, encoder: Graph[string], prompt: string | null, isPartial?: boolean]>([
    ['smZ', smz({}), 'a lighthouse'],
    ['smZ, whose other texts were left from before', smz({ text_g: 'old', text_l: 'old' }), 'a lighthouse'],
    ['smZ with SDXL’s texts', smz({ with_SDXL: true, text_g: 'big', text_l: 'small' }), 'big, small'],
    ['smZ with a linked choice', smz({ with_SDXL: ['b', 0], text_g: 'big' }), 'big'],
    ['smZ without the choice', smz({ with_SDXL: undefined }), 'a lighthouse'],
    ['smZ without the choice, with the other texts', smz({ with_SDXL: undefined, text: '', text_g: 'big' }), 'big'],
    ['both, and nothing says which', smz({ with_SDXL: undefined, text_g: 'big' }), null],
    ['SDXL', node('CLIPTextEncodeSDXL', { text_g: 'big', text_l: 'small', width: 1, height: 1 }), 'big, small'],
    ['Advanced SDXL', node('BNK_CLIPTextEncodeSDXLAdvanced', { text_l: '', text_g: 'big', balance: 0.5 }), 'big'],
    [
      'rgthree’s SDXL prompt',
      node('SDXL Power Prompt (rgthree)', { prompt_g: 'big', prompt_l: '', opt_clip: ['4', 1] }),
      'big',
    ],
    ['Flux', node('CLIPTextEncodeFlux', { clip: ['4', 1], clip_l: 'big', t5xxl: 'big', guidance: 3.5 }), 'big'],
    [
      'an empty wildcard',
      node('ImpactWildcardEncode', { wildcard_text: 'typed', populated_text: '', mode: 'fixed' }),
      'typed',
    ],
    [
      'a box’s text beside the conditioning',
      node('GLIGENTextboxApply', { conditioning_to: ['s', 0], text: 'a box' }),
      'the sea',
      true,
    ],
    [
      'a strength beside conditionings',
      node('ConditioningAverage', {
        conditioning_to: ['s', 0],
        conditioning_from: ['s', 0],
        conditioning_to_strength: 0.5,
      }),
      'the sea, the sea',
      true,
    ],
    ['a switch', node('ImpactSwitch', { select: 2, input1: ['4', 0], input2: ['s', 0] }), 'the sea'],
    [
      'a switch by truth',
      node('Switch any [Crystools]', { boolean: false, on_true: ['4', 0], on_false: ['s', 0] }),
      'the sea',
    ],
    ['rgthree’s switch', node('Any Switch (rgthree)', { any_01: ['s', 0], any_02: ['4', 0] }), 'the sea'],
  ])('%s', (_what, encoder, prompt, isPartial = false) => {
    const graph = withText(['a', 0], {
      a: encoder,
      b: node('PrimitiveBoolean', { value: true }),
      s: node('CLIPTextEncode', { text: 'the sea' }),
    });
    const facts = read(graph);
    expect(facts?.prompt).toBe(prompt);
    expect(facts?.warnings).toHaveLength(prompt === null || isPartial ? 1 : 0);
  });

  it('an incomplete prompt gives a warning', () => {
    const graph = withText(['a', 0], {
      a: node('ConditioningCombine', { conditioning_1: ['s', 0], conditioning_2: ['w', 0] }),
      s: node('CLIPTextEncode', { text: 'the sea' }),
      w: node('Florence2Run', { image: ['i', 0], task: 'caption' }),
    });
    expect(read(graph)).toMatchObject({ prompt: 'the sea', warnings: [expect.stringContaining('is incomplete')] });
  });
});
