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
    graph.external('w', external('F16', 1234));
    const { bytes } = graph.finish('test', '/models/cat');
    const [tensor] = onnx.ModelProto.decode(bytes).graph!.initializer!;
    expect(tensor).toMatchObject({ name: 'w', dataType: onnx.TensorProto.DataType.FLOAT16 });
    expect(tensor!.dataLocation).toBe(onnx.TensorProto.DataLocation.EXTERNAL);
    expect(Object.fromEntries(tensor!.externalData!.map(({ key, value }) => [key, value]))).toEqual({
      location: 'unet/weights.safetensors',
      offset: '1234',
      length: '8',
    });
    expect(bytes.length).toBeLessThan(300);
  });

  it('a tensor, a constant and a cast are written once', () => {
    const graph = new GraphBuilder();
    const ops = new CpuOperators(graph);
    expect(graph.integers([0, 32, -1])).toBe(graph.integers([0, 32, -1]));
    expect(ops.weight('w', external('F16', 0))).toBe(ops.weight('w', external('F16', 0)));
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    expect(written!.node!.map(({ opType }) => opType)).toEqual(['Cast']);
    expect(written!.initializer!.length).toBe(2);
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
