/** Graphs that are made to hurt. */
import { type Graph, node, read, withText } from './comfyui-graphs.js';
import { expectSoon } from '../../../support/expect-soon.js';

describe('graphs that are made to hurt', () => {
  it('links in a circle', () => {
    const graph = withText(['a', 0], {
      a: node('ConditioningCombine', { conditioning_1: ['a', 0], conditioning_2: ['6', 0] }),
      '5': node('Reroute', { '': ['5', 0] }),
    });
    graph['3']!.inputs['seed'] = ['5', 0];
    const facts = read(graph);
    expect(facts?.prompt).toContain('a bottle');
    expect(facts).toMatchObject({ seed: null, width: null });
    expect(
      read({
        a: node('KSampler', { steps: 1, cfg: 1, sampler_name: 'x', latent_image: ['a', 0] }),
        b: node('SaveImage', { images: ['a', 0] }),
      }),
    ).toMatchObject({ steps: 1 });
  });

  it('text that doubles at every node', async () => {
    const nodes: Graph = { n0: node('CLIPTextEncode', { text: 'word '.repeat(1000) }) };
    for (let i = 1; i < 30; i++) {
      nodes[`n${i}`] = node('ConditioningCombine', {
        conditioning_1: [`n${i - 1}`, 0],
        conditioning_2: [`n${i - 1}`, 0],
      });
    }
    for (const depth of [15, 29]) {
      const facts = await expectSoon(() => read(withText([`n${depth}`, 0], nodes)), 2);
      expect(facts?.prompt?.length ?? 0).toBeLessThanOrEqual(100_000);
      expect(facts?.warnings.length).toBeGreaterThan(0);
    }
  });

  it('many savers, and nodes of many inputs', async () => {
    const inputs = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`x${i}`, i]));
    const graph: Graph = { wide: node('Wide', { ...inputs, image: ['wide2', 0] }), wide2: node('Wide', inputs) };
    for (let i = 0; i < 20_000; i++) graph[`s${i}`] = node('SaveImage', { images: ['wide', 0] });
    expect((await expectSoon(() => read(graph), 5))?.program).toBe('unknown');
  });
});
