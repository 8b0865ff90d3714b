import { BOTTLE, type Graph, node, read, withText } from './comfyui-graphs.js';

describe('conditioning', () => {
  const sea = node('CLIPTextEncode', { text: 'the sea' });
  const sky = node('CLIPTextEncode', { text: 'the sky' });

  it.each<[what: string, nodes: Graph, prompt: string]>([
    [
      'ConditioningCombine',
      { a: node('ConditioningCombine', { conditioning_1: ['s', 0], conditioning_2: ['t', 0] }), s: sea, t: sky },
      'the sea, the sky',
    ],
    [
      'ConditioningConcat',
      { a: node('ConditioningConcat', { conditioning_to: ['s', 0], conditioning_from: ['t', 0] }), s: sea, t: sky },
      'the sea, the sky',
    ],
    [
      'ConditioningSetArea',
      {
        a: node('ConditioningSetArea', { conditioning: ['s', 0], width: 64, height: 64, x: 0, y: 0, strength: 1 }),
        s: sea,
      },
      'the sea',
    ],
    ['ConditioningZeroOut', { a: node('ConditioningZeroOut', { conditioning: ['s', 0] }), s: sea }, ''],
    [
      'ControlNetApplyAdvanced',
      {
        a: node('ControlNetApplyAdvanced', {
          positive: ['s', 0],
          negative: ['t', 0],
          control_net: ['c', 0],
          image: ['i', 0],
          strength: 1,
        }),
        s: sea,
        t: sky,
      },
      'the sea',
    ],
    ['a reroute', { a: node('Reroute', { '': ['s', 0] }), s: sea }, 'the sea'],
    [
      'a primitive',
      { a: node('CLIPTextEncode', { text: ['p', 0] }), p: node('PrimitiveString', { value: 'a wave' }) },
      'a wave',
    ],
    [
      'joined texts',
      {
        a: node('CLIPTextEncode', { text: ['p', 0] }),
        p: node('StringConcatenate', { string_a: 'a wave', string_b: ['q', 0], delimiter: ' / ' }),
        q: node('Text Multiline', { text: 'foam' }),
      },
      'a wave / foam',
    ],
    [
      'a wildcard',
      { a: node('ImpactWildcardEncode', { wildcard_text: '{x|y}', populated_text: 'x', text: '{x|y}' }) },
      'x',
    ],
    [
      'a styler, first output',
      {
        a: node('CLIPTextEncode', { text: ['p', 0] }),
        p: node('SDXLPromptStyler', { text_positive: 'good', text_negative: 'bad', style: 'base' }),
      },
      'good',
    ],
    [
      'a styler, second output',
      {
        a: node('CLIPTextEncode', { text: ['p', 1] }),
        p: node('SDXLPromptStyler', { text_positive: 'good', text_negative: 'bad', style: 'base' }),
      },
      'bad',
    ],
    [
      'SDXL with one text',
      { a: node('CLIPTextEncodeSDXL', { text_g: 'big', text_l: '', width: 1, height: 1 }) },
      'big',
    ],
    [
      'a node that is missing',
      { a: node('ConditioningCombine', { conditioning_1: ['s', 0], conditioning_2: ['gone', 0] }), s: sea },
      'the sea',
    ],
  ])('%s', (_what, nodes, prompt) => {
    expect(read(withText(['a', 0], nodes))?.prompt).toBe(prompt);
  });

  it('text that is nowhere is unknown, not empty', () => {
    const known = withText(['a', 0], { a: node('CLIPTextEncode', { text: '' }) });
    expect(read(known)?.prompt).toBe('');
    const hidden = withText(['a', 0], { a: node('PromptFromFile', { file: ['b', 0], line: ['c', 0] }) });
    expect(read(hidden)?.prompt).toBeNull();
  });

  it('the second output of a control net is the negative side', () => {
    const graph = withText(['a', 0], {
      a: node('ControlNetApplyAdvanced', { positive: ['6', 0], negative: ['7', 0], image: ['i', 0] }),
    });
    graph['3']!.inputs['negative'] = ['a', 1];
    expect(read(graph)).toEqual(BOTTLE);
  });
});
