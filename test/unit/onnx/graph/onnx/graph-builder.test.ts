import onnxProto from '#onnx-proto';
import { GraphBuilder } from '#src/onnx/graph/onnx/graph-builder.js';
import type { PlainValue } from '#src/onnx/graph/onnx/value.js';
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { tensor } from '#src/tensor/tensor.js';
import { run } from '../../../../support/nchwc-operators.js';

const { onnx } = onnxProto;
const external = (dtype: string, offset: number) => ({
  file: '/models/cat/unet/weights.safetensors',
  dtype,
  offset,
  byteLength: 8,
  shape: [2, 2],
});

describe('GraphBuilder', () => {
  it('a weight is written as offset and length in the user’s file, by its path below the folder', () => {
    const graph = new GraphBuilder();
    graph.output(graph.external('w', external('F16', 1234)), 'y', [2, 2]);
    const { bytes } = graph.finish('test', '/models/cat');
    const [tensor] = onnx.ModelProto.decode(bytes).graph!.initializer!;
    expect(tensor).toMatchObject({ name: 'w', dataType: onnx.TensorProto.DataType.FLOAT16 });
    expect(tensor!.dataLocation).toBe(onnx.TensorProto.DataLocation.EXTERNAL);
    expect(Object.fromEntries(tensor!.externalData!.map(({ key, value }) => [key, value]))).toEqual({
      location: 'unet/weights.safetensors',
      offset: '1234',
      length: '8',
    });
    expect(bytes.length).toBeLessThan(330);
  });

  it('a tensor, a constant and a cast are written once', () => {
    const graph = new GraphBuilder();
    const ops = new CpuOperators(graph);
    expect(graph.integers([0, 32, -1])).toBe(graph.integers([0, 32, -1]));
    expect(ops.weight('w', external('F16', 0))).toBe(ops.weight('w', external('F16', 0)));
    const reshaped = graph.node('Reshape', [ops.weight('w', external('F16', 0)), graph.integers([0, 32, -1])]);
    graph.output(reshaped, 'y', ['rows', 2]);
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    expect(written!.node!.map(({ opType }) => opType)).toEqual(['Cast', 'Reshape', 'Identity']);
    expect(written!.initializer!.length).toBe(2);
  });

  it('what no output depends on is left out', () => {
    const graph = new GraphBuilder();
    const ops = new CpuOperators(graph);
    const x = graph.input('x', 'F32', [2]);
    const weight = ops.weight('w', external('F16', 0));
    graph.node('Add', [graph.node('Relu', [x]), weight]);
    graph.output(graph.node('Abs', [x]), 'y', [2]);
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    expect(written!.node!.map(({ opType }) => opType)).toEqual(['Abs', 'Identity']);
    expect(written!.initializer).toEqual([]);
  });

  it('a missing input is an empty name between others, and absent at the end', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'F32', [2]);
    graph.output(graph.node('Some', [x, null, x, null, null]), 'y', [2]);
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    expect(written!.node![0]!.input).toEqual(['x', '', 'x']);
  });

  it('a replaced node stands where the old one stood, and makes its value as a second output', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'F32', [2]);
    const sum = graph.node('Add', [x, x]);
    const later = graph.node('Abs', [sum]);
    const normal = graph.replaceNode(sum, 'Norm', [x, x], { domain: 'test' });
    graph.output(graph.node('Mul', [later, normal]), 'y', [2]);
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    expect(written!.node!.map(({ opType }) => opType)).toEqual(['Norm', 'Abs', 'Mul', 'Identity']);
    expect(written!.node![0]!.output).toEqual([normal.name, sum.name]);
    expect(() => graph.replaceNode(x, 'Norm', [x], { domain: 'test' })).toThrow(RangeError);
  });

  it('casts of weights come first in the graph, so that ONNX Runtime runs them last', () => {
    const graph = new GraphBuilder();
    const ops = new CpuOperators(graph);
    const x = graph.input('x', 'F32', ['rows', 2]);
    const y = ops.linear(graph.node('Relu', [x]), ops.weight('w', external('F16', 0)), null);
    graph.output(y, 'y', ['rows', 2]);
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    const types = written!.node!.map(({ opType }) => opType);
    expect(types[0]).toBe('Cast');
    expect(types.indexOf('Relu')).toBeGreaterThan(0);
  });

  it('float32 weights are used without a cast', () => {
    const graph = new GraphBuilder();
    expect(new CpuOperators(graph).weight('w', external('F32', 0))).toEqual({ name: 'w', layout: 'plain' });
  });

  it('scan stacks the results of its iterations, and keeps their nodes inside the loop', async () => {
    const x = tensor(Float32Array.of(1, 2, 3), [3]);
    const y = await run(x, null, ({ graph }, input) => {
      const double = (): PlainValue => graph.once('double', () => graph.node('Add', [input, input]));
      const count = graph.node('Shape', [input]);
      const results = graph.scan(count, [3], (index) =>
        graph.node('Add', [double(), graph.node('Cast', [index], { to: 1 })]),
      );
      return graph.node('Add', [results, double()]);
    });
    expect(y).toEqual(tensor(Float32Array.of(4, 8, 12, 5, 9, 13, 6, 10, 14), [3, 3]));
  });
});
