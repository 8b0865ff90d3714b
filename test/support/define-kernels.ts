/**
 * The operators of CUDA and DirectML that the CPU has no kernel for, replaced by their definitions in standard operators
 * (ONNX Runtime docs/ContribOperators.md; bias_split_gelu_impl.cu for the order of halves): what a lowering means can then be
 * computed anywhere. Whether the device's kernels do what they are documented to do is not seen here.
 */
import onnxProto, { type onnx as Onnx } from '#onnx-proto';
import type { WrittenGraph } from '#src/onnx/graph/onnx/graph-builder.js';
import { CPU } from '#src/onnx/graph/operators/target.js';

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;

type Attributes = Readonly<Record<string, Onnx.IAttributeProto>>;
const ints = (name: string, values: number[]): Onnx.IAttributeProto => ({
  name,
  type: AttributeType.INTS,
  ints: values,
});
const int = (name: string, i: number): Onnx.IAttributeProto => ({ name, type: AttributeType.INT, i });

/** Writes nodes under names of one node's own. */
class Expansion {
  readonly nodes: Onnx.INodeProto[] = [];
  readonly constants: Onnx.ITensorProto[] = [];

  constructor(private readonly node: Onnx.INodeProto) {}

  op(opType: string, input: string[], attribute: Onnx.IAttributeProto[] = [], output?: string): string {
    const name = output ?? `${this.node.name!}/${opType}${this.nodes.length}`;
    this.nodes.push({ opType, name, input, output: [name], attribute });
    return name;
  }

  integers(values: number[]): string {
    const name = `${this.node.name!}/c${this.constants.length}`;
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.constants.push({ name, dims: [values.length], dataType: onnx.TensorProto.DataType.INT64, rawData });
    return name;
  }

  transpose(x: string, perm: number[], output?: string): string {
    return this.op('Transpose', [x], [ints('perm', perm)], output);
  }
}

const FIRST = [0, 3, 1, 2];
const LAST = [0, 2, 3, 1];

const groupNorm = (at: Expansion, x: string, [gamma, beta]: string[], attributes: Attributes, output: string): void => {
  const isLast = Number(attributes['channels_last']!.i) === 1;
  const isActive = Number(attributes['activation']!.i) === 1;
  const groups = Number(attributes['groups']!.i);
  const picture = isLast ? at.transpose(x, FIRST) : x;
  const like = (value: string): string => at.op('CastLike', [value, picture]);
  const grouped = at.op('Reshape', [picture, at.integers([0, groups, -1])]);
  /* The operator's own definition computes in float32 and gives what it was given. */
  const wide = at.op('Cast', [grouped], [int('to', onnx.TensorProto.DataType.FLOAT)]);
  const one = at.op('Expand', [at.op('Cast', [at.integers([1])], [int('to', 1)]), at.integers([groups])]);
  const zero = at.op('Sub', [one, one]);
  const normal = at.op('InstanceNormalization', [wide, one, zero], [attributes['epsilon']!]);
  const back = at.op('Reshape', [like(normal), at.op('Shape', [picture])]);
  const perChannel = (value: string): string => at.op('Reshape', [like(value), at.integers([1, -1, 1, 1])]);
  const scaled = at.op('Add', [at.op('Mul', [back, perChannel(gamma!)]), perChannel(beta!)]);
  const active = isActive ? at.op('Mul', [scaled, at.op('Sigmoid', [scaled])]) : scaled;
  if (isLast) at.transpose(active, LAST, output);
  else at.op('Identity', [active], [], output);
};

type Define = (at: Expansion, input: string[], attributes: Attributes, output: [string, string?]) => void;

const DEFINITIONS: Readonly<Record<string, Define>> = {
  NhwcConv: (at, [x, weight, ...bias], attributes, [output]) => {
    const convolved = at.op(
      'Conv',
      [at.transpose(x!, FIRST), at.transpose(weight!, FIRST), ...bias],
      Object.values(attributes),
    );
    at.transpose(convolved, LAST, output);
  },
  GroupNorm: (at, [x, ...rest], attributes, [output]) => {
    groupNorm(at, x!, rest, attributes, output);
  },
  SkipGroupNorm: (at, [x, gamma, beta, skip, bias], attributes, [output, sumOutput]) => {
    /* Skip is [N,H,W,C], or [N,C]: the same for all pixels. Only the former is wanted as a sum. */
    const addend = sumOutput === undefined ? at.op('Unsqueeze', [skip!, at.integers([1, 2])]) : skip!;
    const biased = bias === undefined ? x! : at.op('Add', [x!, bias]);
    groupNorm(at, at.op('Add', [biased, addend], [], sumOutput), [gamma!, beta!], attributes, output);
  },
  BiasAdd: (at, [x, bias, skip], _, [output]) => {
    at.op('Add', [at.op('Add', [x!, bias!]), skip!], [], output);
  },
  FusedMatMul: (at, [x, weight], _, [output]) => {
    at.op('MatMul', [x!, at.transpose(weight!, [1, 0])], [], output);
  },
  BiasSplitGelu: (at, [x, bias], _, [output]) => {
    const biased = at.op('Add', [x!, bias!]);
    const [values, gates] = [`${output}/values`, `${output}/gates`];
    at.nodes.push({
      opType: 'Split',
      name: values,
      input: [biased],
      output: [values, gates],
      attribute: [int('axis', -1), int('num_outputs', 2)],
    });
    at.op('Mul', [values, at.op('Gelu', [gates])], [], output);
  },
};

/** Operators that `defineKernels` replaces. */
export const DEFINED = Object.keys(DEFINITIONS);

/** The same graph for the CPU. */
export const defineKernels = (graph: WrittenGraph): WrittenGraph => {
  const model = onnx.ModelProto.decode(graph.bytes);
  const [node, initializer] = [model.graph!.node ?? [], model.graph!.initializer ?? []];
  const nodes = node.flatMap((old) => {
    const define = old.domain === 'com.microsoft' ? DEFINITIONS[old.opType!] : undefined;
    if (define === undefined) return [old];
    const expansion = new Expansion(old);
    const attributes = Object.fromEntries(old.attribute!.map((attribute) => [attribute.name!, attribute]));
    define(expansion, old.input!, attributes, old.output as [string, string?]);
    initializer.push(...expansion.constants);
    return expansion.nodes;
  });
  model.graph = { ...model.graph, node: nodes, initializer };
  return { ...graph, target: CPU, bytes: onnx.ModelProto.encode(model).finish() };
};
