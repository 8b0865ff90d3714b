/** Where a prompt's side, or the prompt, is not known: null and a warning, never a guess. */
import { blurry, both, type Graph, graphOf, node, read, sampler, sidesOf, texts } from './comfyui-graphs.js';

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
  });
});
