/** Where a prompt's side, or the prompt, is not known: null and a warning, never a guess. */
import { blurry, both, fox, type Graph, graphOf, node, read, sampler, sidesOf, texts } from './comfyui-graphs.js';

describe('sides that are unclear', () => {
  it.each<[what: string, three: Graph[string], nodes: Graph]>([
    ['one output for both sides', sampler(both(0, 0)), { x: node('Some Loader', { ...texts }) }],
    [
      'a node that is not known',
      sampler(both(0, 1)),
      { x: node('Prompt From File', { file: 'a.txt', clip: ['4', 1] }) },
    ],
    ['a pipe from nowhere', sampler({ basic_pipe: ['gone', 0] }, 'ImpactKSamplerBasicPipe'), {}],
    [
      'text drawn by chance',
      sampler({ positive: ['p', 0], negative: ['p', 0] }),
      { p: node('CLIPTextEncode', { text: ['x', 0] }), x: node('DPRandomGenerator', { text: '{a|b} fox', seed: 1 }) },
    ],
    [
      'text that is changed',
      sampler({ positive: ['p', 0], negative: ['p', 0] }),
      {
        p: node('CLIPTextEncode', { text: ['x', 0] }),
        x: node('StringReplace', { string: 'a fox', find: 'fox', replace: 'owl' }),
      },
    ],
    [
      'one text, and an output for each side',
      sampler({ positive: ['p', 0], negative: ['n', 0] }),
      {
        p: node('CLIPTextEncode', { text: ['x', 0] }),
        n: node('CLIPTextEncode', { text: ['x', 1] }),
        x: node('Prompt Halves', { text: 'a red fox | blurry' }),
      },
    ],
    ...[
      node('CR Split String', { text: 'a red fox, blurry', delimiter: ',' }),
      node('StringSubstring', { string: 'a red fox', start: 2, end: 5 }),
      node('OllamaGenerate', { prompt: 'describe a fox', model: 'llama3' }),
      node('Any Name', { text: 'describe a fox', system_prompt: 'you write prompts', model: ['4', 0] }),
      node('Any Name', { text: 'describe a fox', temperature: 0.7 }),
      node('Any Name', { text: 'a fox', seed: 4 }),
      node('Text Random Line', { text: 'a fox\na cat', seed: 4 }),
      node('easy promptLine', { prompt: 'a fox\na cat', start_index: 1, max_rows: 1 }),
      node('GoogleTranslateTextNode', { text: 'ein Fuchs', from_translate: 'auto', to_translate: 'english' }),
    ].map((x): [string, Graph[string], Graph] => [
      `${x.class_type} ${Object.keys(x.inputs).join(' ')}`,
      sampler({ positive: ['p', 0], negative: ['p', 0] }),
      { p: node('CLIPTextEncode', { text: ['x', 0] }), x },
    ]),
  ])('%s: null, and said', (_what, three, nodes) => {
    const facts = read(graphOf(three, nodes));
    expect(sidesOf(facts)).toEqual([null, null]);
    expect(facts?.warnings.join()).toMatch(/prompt/);
  });

  it('the other side’s text is never taken', () => {
    const half = read(
      graphOf(sampler(both(1, 2)), { x: node('Efficient Loader', { negative: 'blurry', ckpt_name: 'a' }) }),
    );
    expect(sidesOf(half)).toEqual([null, 'blurry']);
    expect(half?.warnings).toEqual([expect.stringContaining('The positive prompt')]);
  });

  it('a later stage says nothing of a base stage that is unclear', () => {
    const graph = graphOf(sampler({ positive: ['w', 0], negative: ['n', 0] }), {
      w: node('WildcardFromFile', { file: 'birds.txt', clip: ['4', 1] }),
      n: blurry,
      f: node('FaceDetailer', {
        image: ['8', 0],
        steps: 1,
        cfg: 1,
        sampler_name: 'euler',
        seed: 1,
        positive: ['p', 0],
        negative: ['n', 0],
      }),
      p: node('CLIPTextEncode', { text: 'a detailed face' }),
      '9': node('SaveImage', { images: ['f', 0] }),
    });
    expect(sidesOf(read(graph))).toEqual([null, 'blurry']);
  });

  it('the size of a loader that has the latents too', () => {
    const loader = (inputs: object): Graph =>
      graphOf(sampler({ ...both(1, 2), latent_image: ['x', 3] }), {
        x: node('Efficient Loader', { ...texts, empty_latent_width: 832, empty_latent_height: 1216, ...inputs }),
      });
    expect(read(loader({}))).toMatchObject({ width: 832, height: 1216 });
    expect(read(loader({ resolution: '512 x 768' }))).toMatchObject({ width: 512, height: 768 });
    expect(read(loader({ resolution: 'custom' }))).toMatchObject({ width: 832, height: 1216 });
    const piped = graphOf(node('easy preSampling', { steps: 1, cfg: 1, sampler_name: 'euler', pipe: ['x', 0] }), {
      '8': node('easy kSampler', { pipe: ['3', 0] }),
      x: loader({})['x']!,
    });
    expect(read(piped)).toMatchObject({ width: 832, height: 1216 });
  });

  it.each<[what: string, inputs: Record<string, unknown>, words: string | null, class_type?: string]>([
    ['a loader of text with a linked model', { text: 'a fox <lora:a:1>', model: ['4', 0], clip: ['4', 1] }, null],
    ['a wildcard node without choices', { text: 'a fox', seed: 3 }, null, 'easy wildcards'],
    [
      'an expanded wildcard',
      { wildcard_text: '{a|b}', populated_text: 'a fox', seed: 3 },
      null,
      'ImpactWildcardProcessor',
    ],
    [
      'a style',
      { text_positive: 'a fox', text_negative: '', style: 'sai-cinematic' },
      'sai-cinematic',
      'SDXLPromptStyler',
    ],
    ['no style', { text_positive: 'a fox', text_negative: '', style: 'base' }, null, 'SDXLPromptStyler'],
    [
      'styles that are chosen',
      { positive: 'a fox', styles: 'list', select_styles: 'moody' },
      'moody',
      'easy stylesSelector',
    ],
    [
      'a list of styles, none chosen',
      { positive: 'a fox', styles: 'list', select_styles: '' },
      null,
      'easy stylesSelector',
    ],
  ])('text that is known: %s', (_what, inputs, words, type = 'Some Text') => {
    const facts = read(
      graphOf(sampler({ positive: ['p', 0], negative: ['n', 0] }), {
        p: node('CLIPTextEncode', { text: ['x', 0] }),
        n: blurry,
        x: node(type, inputs),
      }),
    );
    expect(facts?.prompt).toMatch(/^a fox/);
    expect(facts?.warnings).toEqual(words === null ? [] : [expect.stringContaining(words)]);
  });

  it.each([
    [0, 'the sky', 0],
    [1, 'the sea', 0],
    [0.5, 'the sea, the sky', 1],
  ])('an average with strength %d', (strength, prompt, warnings) => {
    const inputs = { conditioning_to: ['s', 0], conditioning_from: ['t', 0], conditioning_to_strength: strength };
    const facts = read(
      graphOf(sampler({ positive: ['a', 0], negative: ['n', 0] }), {
        a: node('ConditioningAverage', inputs),
        s: node('CLIPTextEncode', { text: 'the sea' }),
        t: node('CLIPTextEncode', { text: 'the sky' }),
        n: blurry,
      }),
    );
    expect(facts?.prompt).toBe(prompt);
    expect(facts?.warnings).toHaveLength(warnings);
  });

  it.each([
    ['ConditioningSetTimestepRange', { start: 0.5, end: 1 }, 'a red fox', 1],
    ['ConditioningSetTimestepRange', { start: 0, end: 1 }, 'a red fox', 0],
    ['ConditioningSetAreaStrength', { strength: 0 }, '', 0],
    ['ConditioningSetMask', { strength: 1, mask: ['m', 0] }, 'a red fox', 1],
  ])('%s %p', (type, inputs, prompt, warnings) => {
    const facts = read(
      graphOf(sampler({ positive: ['a', 0], negative: ['n', 0] }), {
        a: node(type, { conditioning: ['p', 0], ...inputs }),
        p: fox,
        n: blurry,
      }),
    );
    expect(facts?.prompt).toBe(prompt);
    expect(facts?.warnings).toHaveLength(warnings);
  });
});
