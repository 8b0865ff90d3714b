import onnxProto from '#onnx-proto';
import { GraphBuilder, type Value } from '#src/onnx/graph/onnx/graph-builder.js';
import { CpuOperators } from '#src/onnx/graph/cpu/cpu-operators.js';
import { tensor } from '#src/tensor/tensor.js';
import { run } from '../../../../support/of-blocks.js';

const { onnx } = onnxProto;
const external = (dtype: string, offset: number) => ({
  file: '/models/cat/unet/weights.safetensors',
  dtype,
  offset,
  byteLength: 8,
  shape: [2, 2],
});

describe('GraphBuilder', () => {
  it('writes a weight as a place in the user’s file, from the common folder', () => {
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

  it('knows a tensor, a constant and a cast once', () => {
    const graph = new GraphBuilder();
    const ops = new CpuOperators(graph);
    expect(graph.integers([0, 32, -1])).toBe(graph.integers([0, 32, -1]));
    expect(ops.weight('w', external('F16', 0))).toBe(ops.weight('w', external('F16', 0)));
    const { graph: written } = onnx.ModelProto.decode(graph.finish('test', '/models').bytes);
    expect(written!.node!.map(({ opType }) => opType)).toEqual(['Cast']);
    expect(written!.initializer!.length).toBe(2);
  });

  it('puts casts of weights before all else, which makes them run last', () => {
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

  it('uses float32 weights as they lie', () => {
    const graph = new GraphBuilder();
    expect(new CpuOperators(graph).weight('w', external('F32', 0))).toEqual({ name: 'w' });
  });

  it('gives what turns make side by side, and forgets what one of them made', async () => {
    const x = tensor(Float32Array.of(1, 2, 3), [3]);
    const y = await run(x, null, ({ graph }, input) => {
      const double = (): Value => graph.once('double', () => graph.node('Add', [input, input]));
      const times = graph.node('Shape', [input]);
      const turns = graph.scan(times, [3], (index) =>
        graph.node('Add', [double(), graph.node('Cast', [index], { to: 1 })]),
      );
      return graph.node('Add', [turns, double()]);
    });
    expect(y).toEqual(tensor(Float32Array.of(4, 8, 12, 5, 9, 13, 6, 10, 14), [3, 3]));
  });
});
