import onnxProto from 'onnx-proto';
import { GraphBuilder } from '#src/graph/graph-builder.js';
import { CpuOperators } from '#src/graph/cpu-operators.js';

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
});
