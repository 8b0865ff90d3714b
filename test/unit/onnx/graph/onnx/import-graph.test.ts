import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import onnxProto from '#onnx-proto';
import { importGraph, parseOnnxModel } from '#src/onnx/graph/onnx/import-graph.js';
import { CPU } from '#src/onnx/graph/operators/target.js';
import { openSession } from '#src/onnx/runtime/session.js';
import { tensor } from '#src/tensor/tensor.js';
import { workFolder } from '../../../../support/batch.js';

const folder = workFolder();
const { onnx } = onnxProto;
const { BOOL, FLOAT16, INT32 } = onnx.TensorProto.DataType;
const value = (name: string, elemType: number, dims: (string | number)[]) => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })) },
    },
  },
});

/** y = x[ids] + x[ids], in half precision and with small indices. */
const imported = onnx.ModelProto.encode({
  irVersion: 9,
  opsetImport: [{ domain: '', version: 18 }],
  graph: {
    name: 'imported',
    node: [
      { opType: 'Gather', input: ['x', 'ids'], output: ['rows'] },
      { opType: 'Add', input: ['rows', 'rows'], output: ['y'] },
    ],
    input: [value('x', FLOAT16, ['n', 2]), value('ids', INT32, ['k'])],
    output: [value('y', FLOAT16, ['k', 2])],
  },
}).finish();

it('a parsed model lists inputs with dimensions, outputs and weight files', () => {
  const { inputs, outputs, locations } = parseOnnxModel(imported);
  expect([...inputs]).toEqual([
    ['x', [null, 2]],
    ['ids', [null]],
  ]);
  expect(outputs).toEqual(['y']);
  expect(locations).toEqual([]);
});

it('an imported model with other types takes and gives float32 and int64', async () => {
  const graph = importGraph(parseOnnxModel(imported), { name: 'imported', files: new Map(), folder: '/', target: CPU });
  const session = await openSession(graph);
  const x = tensor(Float32Array.of(1, 2, 3, 4.5), [2, 2]);
  const { y } = await session.run({ x, ids: { integers: [1, 0, 1] } });
  expect(y!.dims).toEqual([3, 2]);
  expect([...y!.data]).toEqual([6, 9, 2, 4, 6, 9]);
  await session.close();
});

/** y = x + x, or w in the other branch; the branches see x. */
const branching = onnx.ModelProto.encode({
  irVersion: 9,
  opsetImport: [{ domain: '', version: 18 }],
  graph: {
    name: 'branching',
    node: [
      {
        opType: 'If',
        input: ['yes'],
        output: ['y'],
        attribute: [
          {
            name: 'then_branch',
            type: onnx.AttributeProto.AttributeType.GRAPH,
            g: {
              name: 'then',
              node: [{ opType: 'Add', input: ['x', 'x'], output: ['sum'] }],
              output: [value('sum', FLOAT16, [2])],
            },
          },
          {
            name: 'else_branch',
            type: onnx.AttributeProto.AttributeType.GRAPH,
            g: {
              name: 'else',
              initializer: [
                {
                  name: 'w',
                  dataType: FLOAT16,
                  dims: [2],
                  dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
                  externalData: [{ key: 'location', value: 'w.bin' }],
                },
              ],
              node: [{ opType: 'Identity', input: ['w'], output: ['copy'] }],
              output: [value('copy', FLOAT16, [2])],
            },
          },
        ],
      },
    ],
    initializer: [{ name: 'yes', dataType: BOOL, dims: [], int32Data: [1] }],
    input: [value('x', FLOAT16, [2])],
    output: [value('y', FLOAT16, [2])],
  },
}).finish();

it('weight files of branches are listed', () => {
  expect(parseOnnxModel(branching).locations).toEqual(['w.bin']);
});

it('branches of an imported model see its inputs in their declared types', async () => {
  const file = join(folder, 'w.bin');
  writeFileSync(file, Buffer.alloc(4));
  const parsed = parseOnnxModel(branching);
  const session = await openSession(
    importGraph(parsed, { name: 'branching', files: new Map([['w.bin', file]]), folder, target: CPU }),
  );
  const { y } = await session.run({ x: tensor(Float32Array.of(1, 2.5), [2]) });
  expect([...y!.data]).toEqual([2, 5]);
  await session.close();
});
