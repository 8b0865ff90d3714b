import {
  attention,
  convolution,
  gatedGelu,
  groupNormSilu,
  layerNorm,
  linear,
  upsample,
} from '#src/onnx/devices/self-test-reference.js';
import {
  inputsOf,
  runSelfTest,
  selfTestGraph,
  selfTestNumbers,
  selfTestReference,
  type SelfTestNumbers,
} from '#src/onnx/devices/self-test.js';
import { CPU } from '#src/onnx/graph/operators/target.js';
import { openSession } from '#src/onnx/runtime/session.js';
import { fusionsOf } from '#src/onnx/graph/operators/lowerings.js';
import { defineKernels } from '../../../support/define-kernels.js';
import { maxDifference } from '../../../support/golden.js';
import { tensor } from '#src/tensor/tensor.js';

const numbers = (...values: number[]): Float64Array => Float64Array.from(values);
const silu = (x: number): number => x / (1 + Math.exp(-x));
const rounded = (values: Float64Array): number[] => [...values].map((value) => Math.round(value * 1e9) / 1e9);

describe('the reference equals results computed by hand', () => {
  it('group norm', () => {
    /* Two groups of one channel each: 1, 3 and 10, 10. */
    const y = groupNormSilu(numbers(1, 3, 10, 10), numbers(1, 2), numbers(0, 5), {
      channels: 2,
      side: 1,
      groups: 2,
      epsilon: 0,
    });
    expect(rounded(y.subarray(0, 2))).toEqual(rounded(numbers(silu(-1), silu(1))));
    const z = groupNormSilu(numbers(10, 12), numbers(1, 2), numbers(0, 5), {
      channels: 2,
      side: 1,
      groups: 1,
      epsilon: 0,
    });
    expect(rounded(z)).toEqual(rounded(numbers(silu(-1), silu(2 + 5))));
  });

  it('layer norm', () => {
    expect([...layerNorm(numbers(0, 2, 5, 9), numbers(1, 3), numbers(0, 1), { channels: 2, epsilon: 0 })]).toEqual([
      -1, 4, -1, 4,
    ]);
  });

  it('convolution with zero padding', () => {
    const one = numbers(1, 2, 3, 4);
    const size = { channels: 1, side: 2 };
    expect([...convolution(one, numbers(0, 0, 0, 0, 1, 0, 0, 0, 0), numbers(10), size)]).toEqual([11, 12, 13, 14]);
    expect([...convolution(one, numbers(1, 1, 1, 1, 1, 1, 1, 1, 1), numbers(0), size)]).toEqual([10, 10, 10, 10]);
    /* The tap at the left sees the pixel to the left. */
    expect([...convolution(one, numbers(0, 0, 0, 1, 0, 0, 0, 0, 0), numbers(0), size)]).toEqual([0, 1, 0, 3]);
    /* Stride 2 begins at the first pixel, and the zeros are below and to the right. */
    const ones = new Float64Array(18).fill(1);
    expect([...convolution(one, ones, numbers(0, 5), { ...size, stride: 2 })]).toEqual([10, 15]);
  });

  it('nearest-neighbour upsampling', () => {
    expect([...upsample(numbers(1, 2, 3, 4), { side: 2 })]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  it('attention', () => {
    /* Tokens 0 and ln 3 of width 1: the first attends to both equally, the second more to itself. */
    const l = Math.log(3);
    const weight = Math.exp(l * l);
    expect(rounded(attention(numbers(0, l), numbers(0, l), { channels: 1, heads: 1 }))).toEqual(
      rounded(numbers(l / 2, (l * weight) / (1 + weight))),
    );
    /* Heads are independent. */
    const tokens = numbers(0, 7, l, 7);
    const both = attention(tokens, tokens, { channels: 2, heads: 2 });
    expect(rounded(both)).toEqual(rounded(numbers(l / 2, 7, (l * weight) / (1 + weight), 7)));
  });
});

it('linear layer, and GEGLU with the gates in the second half', () => {
  expect([...linear(numbers(1, 2, 3, 4), numbers(1, 0, 0, 1, 1, 1), 2)]).toEqual([1, 2, 3, 3, 4, 7]);
  /* gelu(1) = Φ(1) = 0.8413447461 (tables of the normal distribution). */
  expect(rounded(gatedGelu(numbers(2, 0.5), numbers(1, 0.5)))).toEqual(rounded(numbers(3 * 0.841344746068543)));
  expect(rounded(gatedGelu(numbers(2, 9), numbers(0, 0)))).toEqual([18]);
});

describe('the self-test', () => {
  it('passes on this CPU with a tenth of its tolerance', async () => {
    const { max_error: off, tolerance } = await runSelfTest();
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(tolerance / 10);
  });

  it('fails when one channel of any input or weight is off by a hundredth', async () => {
    const numbers = selfTestNumbers();
    const network = await openSession(selfTestGraph(CPU, numbers));
    const { y } = await network.run(inputsOf(numbers));
    await network.close();
    for (const name of Object.keys(numbers) as (keyof SelfTestNumbers)[]) {
      const changed = numbers[name].data.map((value, index) => value + (index % 128 === 2 ? 0.01 : 0));
      const other = selfTestReference({ ...numbers, [name]: tensor(changed, numbers[name].dims) });
      expect([name, Math.max(...other.map((value, index) => Math.abs(value - y!.data[index]!))) > 1e-4]).toEqual([
        name,
        true,
      ]);
    }
  });

  it.each(fusionsOf('cuda'))('with CUDA’s %s kernels by their definitions, it passes', async (fusion) => {
    const numbers = selfTestNumbers();
    const graph = selfTestGraph({ family: 'cuda', index: 0, precision: 'fp32', fusion }, numbers);
    const network = await openSession(defineKernels(graph));
    const { y } = await network.run(inputsOf(numbers));
    await network.close();
    expect(maxDifference(y!.data, Float32Array.from(selfTestReference(numbers)))).toBeLessThan(1e-4);
  });
});
