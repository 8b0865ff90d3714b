/**
 * Writes an ONNX model in memory. Weights are external tensors: file, offset and length inside the user's own files, so a
 * model of gigabytes is a few hundred kilobytes of graph. Knows no network and opens no file.
 */
import type { onnx as Onnx } from '#onnx-proto';
import {
  attribute,
  externalTensor,
  onnx,
  ONNX_TYPE,
  valueInfo,
  type Attribute,
  type Dimension,
  type ElementType,
  type ExternalTensor,
} from './onnx-messages.js';
import { CPU, type Target } from '../operators/target.js';

const OPSET = 20;
/** IR version that goes with opset 20 (onnx/onnx docs/Versioning.md). */
const IR_VERSION = 9;

/** A value in the graph: the output of a node, an input or a tensor. */
export interface Value {
  readonly name: string;
}

/** A finished graph, and the folder below which its weights lie. */
export interface WrittenGraph {
  /** For people: `UNet`, `VAE decoder`. */
  name: string;
  bytes: Uint8Array;
  folder: string;
  /** Written by another program: what follows from constants alone is computed at opening, and kept, and nodes are fused. */
  isForeign: boolean;
  /** Weights are copied at opening into the layout that products want. */
  packsWeights: boolean;
  /** What its operators were chosen for. */
  target: Target;
}

export class GraphBuilder {
  #nodes: Onnx.INodeProto[] = [];
  /** Of all nodes, those of loops among them: names are of the whole. */
  #count = 0;
  readonly #inputs: Onnx.IValueInfoProto[] = [];
  readonly #outputs: Onnx.IValueInfoProto[] = [];
  readonly #described = new Map<string, Onnx.IValueInfoProto>();
  readonly #external: { name: string; tensor: ExternalTensor }[] = [];
  readonly #initializers: Onnx.ITensorProto[] = [];
  readonly #tensors = new Map<string, Value>();
  #made = new Map<string, Value>();

  /** Declares an input. @param dims numbers, or names of dynamic dimensions. */
  input(name: string, type: ElementType, dims: readonly (number | string)[]): Value {
    this.#inputs.push(valueInfo(name, type, dims));
    return { name };
  }

  /** Declares `value` an output under `name`. */
  output(value: Value, name: string, dims: readonly (number | string)[]): void {
    this.#nodes.push({ opType: 'Identity', name, input: [value.name], output: [name] });
    this.#outputs.push(valueInfo(name, 'F32', dims));
  }

  /**
   * Tells dimensions of a value that follow from no others: values of the same size can take turns in one buffer.
   * @param dims numbers, or names of dynamic dimensions; equal names are equal sizes
   */
  describe(value: Value, dims: readonly (number | string)[]): void {
    this.#described.set(value.name, valueInfo(value.name, 'F32', dims));
  }

  /** Adds a node with one output. A missing optional input is `null`. */
  node(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): Value {
    const name = `${opType}_${this.#count++}`;
    this.#nodes.push({
      opType,
      domain,
      name,
      input: inputs.map((value) => value?.name ?? ''),
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    });
    return { name };
  }

  /**
   * What turns make, each written to its place in one buffer.
   * @param times [1] int64
   * @param dims of what a turn makes
   * @param turn makes a float32 value from its number (int64, without dimensions) and from what was made before
   * @returns [times,…dims]
   */
  scan(times: Value, dims: readonly Dimension[], turn: (index: Value) => Value): Value {
    const indices = this.node('Range', [this.integer(0), times, this.integer(1)]);
    const [nodes, made] = [this.#nodes, this.#made];
    this.#nodes = [];
    this.#made = new Map(made);
    const index = { name: `turn_${this.#count++}` };
    const result = turn(index);
    const body = {
      name: index.name,
      node: this.#nodes,
      input: [valueInfo(index.name, 'I64', [])],
      output: [valueInfo(result.name, 'F32', dims)],
    };
    [this.#nodes, this.#made] = [nodes, made];
    return this.node('Scan', [indices], { num_scan_inputs: 1, body: { graph: body } });
  }

  /** Vectors one after the other, as of dimensions. */
  join(...parts: Value[]): Value {
    return this.node('Concat', parts, { axis: 0 });
  }

  /** A tensor in a file, in its own dtype. The same name is the same tensor. */
  external(name: string, source: ExternalTensor): Value {
    return remember(this.#tensors, `external:${name}`, () => {
      this.#external.push({ name, tensor: source });
      return { name };
    });
  }

  integers(values: readonly number[]): Value {
    return this.#constant(`i64:${values.join()}`, 'I64', [values.length], () => new BigInt64Array(values.map(BigInt)));
  }

  /** One number without dimensions. */
  integer(value: number): Value {
    return this.#constant(`i64 scalar:${value}`, 'I64', [], () => BigInt64Array.of(BigInt(value)));
  }

  /** float32 tensor. @param values row by row @param key tells it from every other */
  floats(key: string, values: Float32Array, dims: readonly number[]): Value {
    return this.#constant(`floats:${key}`, 'F32', dims, () => values);
  }

  /** float32 vector of `length` equal numbers. */
  filled(value: number, length: number): Value {
    return this.#constant(`f32:${value}:${length}`, 'F32', [length], () => new Float32Array(length).fill(value));
  }

  /** What `make` builds, built once for each `key`. */
  once(key: string, make: () => Value): Value {
    return remember(this.#made, key, make);
  }

  #constant(
    key: string,
    type: 'F32' | 'I64',
    dims: readonly number[],
    make: () => Float32Array | BigInt64Array,
  ): Value {
    return remember(this.#tensors, key, () => {
      const name = `constant_${this.#initializers.length}`;
      const { buffer, byteOffset, byteLength } = make();
      const rawData = new Uint8Array(buffer, byteOffset, byteLength);
      this.#initializers.push({ name, dims: [...dims], dataType: ONNX_TYPE[type], rawData });
      return { name };
    });
  }

  /**
   * What is made from weights alone before all else. Of what a node is given, ONNX Runtime makes first what was added last
   * (core/graph/graph_viewer.cc at v1.30): a weight made after its node's other input would be made, and held, before all
   * that leads to that input.
   */
  #inOrder(): Onnx.INodeProto[] {
    const fixed = new Set([...this.#external, ...this.#initializers].map(({ name }) => name));
    const [first, rest]: [Onnx.INodeProto[], Onnx.INodeProto[]] = [[], []];
    for (const node of this.#nodes) {
      const isFixed = (node.input ?? []).every((name) => name === '' || fixed.has(name));
      if (isFixed) for (const name of node.output ?? []) fixed.add(name);
      (isFixed ? first : rest).push(node);
    }
    return [...first, ...rest];
  }

  /** @param folder every external tensor lies below it; their places are written relative to it. */
  finish(name: string, folder: string, target: Target = CPU): WrittenGraph {
    const initializer = [
      ...this.#initializers,
      ...this.#external.map((external) => externalTensor(external.name, external.tensor, folder)),
    ];
    const bytes = onnx.ModelProto.encode({
      irVersion: IR_VERSION,
      producerName: 'sdxl-refine',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: 1 },
        { domain: 'com.microsoft.nchwc', version: 1 },
      ],
      graph: {
        name,
        node: this.#inOrder(),
        input: this.#inputs,
        output: this.#outputs,
        initializer,
        valueInfo: [...this.#described.values()],
      },
    }).finish();
    return { name, bytes, folder, isForeign: false, packsWeights: false, target };
  }
}

const remember = (known: Map<string, Value>, key: string, make: () => Value): Value => {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
};
