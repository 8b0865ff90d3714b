/** Imports an ONNX model of another program: float32 and int64 inputs, float32 outputs, weights by real path. */
import type { onnx as Onnx } from '#onnx-proto';
import type { WrittenGraph } from './graph-builder.js';
import { locationBelow, onnx } from './onnx-messages.js';
import type { Target } from '../operators/target.js';

const { FLOAT, FLOAT16, BFLOAT16, DOUBLE, INT32, INT64 } = onnx.TensorProto.DataType;

/** Types of the imported graph's inputs and outputs, by their declared types. */
const CANONICAL_TYPE: Readonly<Record<number, number>> = {
  [FLOAT16]: FLOAT,
  [BFLOAT16]: FLOAT,
  [DOUBLE]: FLOAT,
  [INT32]: INT64,
};

export interface OnnxModel {
  readonly model: Onnx.IModelProto;
  /** Names of the model's external weight files, as the model has them. */
  readonly locations: readonly string[];
  /** Dimensions of each input; null: dynamic. */
  readonly inputs: ReadonlyMap<string, readonly (number | null)[]>;
  readonly outputs: readonly string[];
}

/** @throws an error of the protobuf decoder if the bytes are not an ONNX model */
export const parseOnnxModel = (bytes: Uint8Array): OnnxModel => {
  const model = onnx.ModelProto.decode(bytes);
  const dimsOf = ({ type }: Onnx.IValueInfoProto): (number | null)[] =>
    (type?.tensorType?.shape?.dim ?? []).map(({ dimValue }) => Number(dimValue ?? 0) || null);
  /* Older exports list weights as inputs too. */
  const initializers = new Set(model.graph?.initializer?.map(({ name }) => name));
  const inputs = (model.graph?.input ?? []).filter(({ name }) => !initializers.has(name));
  return {
    model,
    locations: [...new Set([...initializersOf(model.graph)].flatMap((tensor) => locationOf(tensor)?.value ?? []))],
    inputs: new Map(inputs.map((input) => [input.name ?? '', dimsOf(input)])),
    outputs: (model.graph?.output ?? []).map(({ name }) => name ?? ''),
  };
};

/** Bodies of a node: branches of If, the body of Loop or Scan. They see the names of the graph around them. */
const bodiesOf = ({ attribute }: Onnx.INodeProto): Onnx.IGraphProto[] =>
  (attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);

function* initializersOf(graph: Onnx.IGraphProto | null | undefined): Generator<Onnx.ITensorProto> {
  yield* graph?.initializer ?? [];
  for (const node of graph?.node ?? []) for (const body of bodiesOf(node)) yield* initializersOf(body);
}

const locationOf = ({ externalData }: Onnx.ITensorProto): Onnx.IStringStringEntryProto | undefined =>
  externalData?.find(({ key }) => key === 'location');

/**
 * @param files real path of each of `locations`
 * @param folder parent folder of all of them
 */
export const importGraph = (
  { model }: OnnxModel,
  {
    name,
    files,
    folder,
    target,
  }: Pick<WrittenGraph, 'name' | 'folder'> & {
    files: ReadonlyMap<string, string>;
    target: Target;
  },
): WrittenGraph => {
  const { graph } = model;
  for (const tensor of initializersOf(graph)) {
    const location = locationOf(tensor);
    const file = files.get(location?.value ?? '');
    if (location && file !== undefined) location.value = locationBelow(folder, file);
  }
  if (graph) castInputsAndOutputs(graph);
  const bytes = onnx.ModelProto.encode(model).finish();
  return { name, bytes, folder, isImported: true, prepacksWeights: false, target };
};

/** Declares inputs and outputs in CANONICAL_TYPE, with a cast between each and its use. */
const castInputsAndOutputs = (graph: Onnx.IGraphProto): void => {
  const nodes = graph.node ?? [];
  const inner = new Map<string, string>();
  const casts: Onnx.INodeProto[] = [];
  const redeclare = (value: Onnx.IValueInfoProto, cast: (type: number, from: string, within: string) => void): void => {
    const tensor = value.type?.tensorType;
    const declared = tensor?.elemType ?? 0;
    const type = CANONICAL_TYPE[declared];
    if (!tensor || type === undefined || !value.name) return;
    const within = `${value.name}/declared`;
    inner.set(value.name, within);
    tensor.elemType = type;
    cast(declared, value.name, within);
  };
  for (const input of graph.input ?? [])
    redeclare(input, (type, name, within) => casts.push(castNode(name, within, type)));
  for (const output of graph.output ?? [])
    redeclare(output, (_, name, within) => casts.push(castNode(within, name, FLOAT)));
  if (inner.size === 0) return;
  renameUses(graph, inner);
  const isInput = (node: Onnx.INodeProto): boolean => inner.has(node.input?.[0] ?? '');
  graph.node = [...casts.filter(isInput), ...nodes, ...casts.filter((node) => !isInput(node))];
};

/** Renames values where nodes use or make them, in bodies too. */
const renameUses = (graph: Onnx.IGraphProto, inner: ReadonlyMap<string, string>): void => {
  const rename = (names: string[] | null | undefined): string[] => (names ?? []).map((name) => inner.get(name) ?? name);
  for (const node of graph.node ?? []) {
    Object.assign(node, { input: rename(node.input), output: rename(node.output) });
    for (const body of bodiesOf(node)) renameUses(body, withoutOwn(body, inner));
  }
};

/** Names of the body's own values mean these. */
const withoutOwn = (body: Onnx.IGraphProto, inner: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const own = new Set([
    ...[...(body.input ?? []), ...(body.initializer ?? [])].map(({ name }) => name),
    ...(body.node ?? []).flatMap(({ output }) => output ?? []),
  ]);
  return new Map([...inner].filter(([name]) => !own.has(name)));
};

const castNode = (from: string, to: string, type: number): Onnx.INodeProto => ({
  opType: 'Cast',
  name: `Cast/${to}`,
  input: [from],
  output: [to],
  attribute: [{ name: 'to', type: onnx.AttributeProto.AttributeType.INT, i: type }],
});
