/**
 * Writes an ONNX model in memory. Weights are external tensors: file, offset and length in the user's files. So the
 * graph of a model with gigabytes of weights has a few hundred kilobytes. Opens no file.
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
import type { Named, PlainValue } from './value.js';
import { CPU, type Target } from '../operators/target.js';

const OPSET = 20;
/** The IR version of opset 20 (onnx/onnx docs/Versioning.md). */
const IR_VERSION = 9;

/** A finished graph. */
export interface WrittenGraph {
  /** For messages: `UNet`, `VAE decoder`. */
  name: string;
  bytes: Uint8Array;
  /** Parent folder of all weight files. */
  folder: string;
  /** Exported by another program: ONNX Runtime folds its constants and fuses its nodes. */
  isImported: boolean;
  /** ONNX Runtime copies the weights into the layout of its matrix multiplication when it opens the graph. */
  prepacksWeights: boolean;
  /** The device that its operators were chosen for. */
  target: Target;
}

const plain = (name: string): PlainValue => ({ name, layout: 'plain' });

export class GraphBuilder {
  #nodes: Onnx.INodeProto[] = [];
  /** Nodes so far, with those of loop bodies: node names are unique in the whole graph. */
  #count = 0;
  readonly #inputs: Onnx.IValueInfoProto[] = [];
  readonly #outputs: Onnx.IValueInfoProto[] = [];
  readonly #declared = new Map<string, Onnx.IValueInfoProto>();
  readonly #external: { name: string; tensor: ExternalTensor }[] = [];
  readonly #initializers: Onnx.ITensorProto[] = [];
  readonly #tensors = new Map<string, PlainValue>();
  #nodesByKey = new Map<string, PlainValue>();

  /** Declares an input. @param dims numbers, or names of dynamic dimensions */
  input(name: string, type: ElementType, dims: readonly (number | string)[]): PlainValue {
    this.#inputs.push(valueInfo(name, type, dims));
    return plain(name);
  }

  /** Declares `value` an output under `name`. */
  output(value: Named, name: string, dims: readonly (number | string)[]): void {
    this.#nodes.push({ opType: 'Identity', name, input: [value.name], output: [name] });
    this.#outputs.push(valueInfo(name, 'F32', dims));
  }

  /**
   * Declares dimensions that ONNX Runtime cannot infer, so that values of equal size share one buffer.
   * @param dims numbers, or names of dynamic dimensions; equal names are equal sizes
   */
  declareShape(value: Named, dims: readonly (number | string)[]): void {
    this.#declared.set(value.name, valueInfo(value.name, 'F32', dims));
  }

  /** Adds a node with one output. @param inputs null for a missing optional input */
  node(
    opType: string,
    inputs: readonly (Named | null)[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): PlainValue {
    const node = this.#describe(opType, inputs, attributes, domain);
    this.#nodes.push(node);
    return plain(node.name);
  }

  /**
   * Replaces the node of `value` by one whose second output is `value`.
   * @returns the first output
   */
  replaceNode(
    value: Named,
    opType: string,
    inputs: readonly Named[],
    { domain, ...attributes }: Readonly<Record<string, Attribute>> & { domain: string },
  ): PlainValue {
    const index = this.#nodes.findIndex(({ output }) => output?.[0] === value.name);
    if (index < 0) throw new RangeError(`no node makes ${value.name}`);
    const node = this.#describe(opType, inputs, attributes, domain);
    node.output.push(value.name);
    this.#nodes[index] = node;
    return plain(node.name);
  }

  #describe(
    opType: string,
    inputs: readonly (Named | null)[],
    attributes: Readonly<Record<string, Attribute>>,
    domain: string,
  ): Onnx.INodeProto & { name: string; output: string[] } {
    const name = `${opType}_${this.#count++}`;
    /* CUDA's convolution counts its inputs: missing ones at the end must be omitted, not written as empty names. */
    const present = inputs.slice(0, inputs.findLastIndex((value) => value !== null) + 1);
    return {
      opType,
      domain,
      name,
      input: present.map((value) => value?.name ?? ''),
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    };
  }

  /**
   * A loop (ONNX Scan) whose results are written to one buffer.
   * @param count iterations, [1] int64
   * @param dims of one result
   * @param iteration makes a float32 result from its index (int64 scalar) and from values outside the loop
   * @returns [count,…dims]
   */
  scan(count: Named, dims: readonly Dimension[], iteration: (index: PlainValue) => Named): PlainValue {
    const indices = this.node('Range', [this.integerScalar(0), count, this.integerScalar(1)]);
    const [nodes, nodesByKey] = [this.#nodes, this.#nodesByKey];
    this.#nodes = [];
    this.#nodesByKey = new Map(nodesByKey);
    const index = plain(`iteration_${this.#count++}`);
    const result = iteration(index);
    const body = {
      name: index.name,
      node: this.#nodes,
      input: [valueInfo(index.name, 'I64', [])],
      output: [valueInfo(result.name, 'F32', dims)],
    };
    [this.#nodes, this.#nodesByKey] = [nodes, nodesByKey];
    return this.node('Scan', [indices], { num_scan_inputs: 1, body: { graph: body } });
  }

  /** Concatenates vectors, such as parts of a shape. */
  concat(...parts: Named[]): PlainValue {
    return this.node('Concat', parts, { axis: 0 });
  }

  /** A tensor in a file, in its own dtype. Equal names are one tensor. */
  external(name: string, source: ExternalTensor): PlainValue {
    return cached(this.#tensors, `external:${name}`, () => {
      this.#external.push({ name, tensor: source });
      return plain(name);
    });
  }

  /** int64 vector. */
  integers(values: readonly number[]): PlainValue {
    return this.#constant(`i64:${values.join()}`, 'I64', [values.length], () => new BigInt64Array(values.map(BigInt)));
  }

  /** int64 scalar. */
  integerScalar(value: number): PlainValue {
    return this.#constant(`i64 scalar:${value}`, 'I64', [], () => BigInt64Array.of(BigInt(value)));
  }

  /** float32 tensor. @param values row by row @param key unique in the graph */
  floats(key: string, values: Float32Array, dims: readonly number[]): PlainValue {
    return this.#constant(`floats:${key}`, 'F32', dims, () => values);
  }

  /** float32 vector of `length` equal numbers. */
  filled(value: number, length: number): PlainValue {
    return this.#constant(`f32:${value}:${length}`, 'F32', [length], () => new Float32Array(length).fill(value));
  }

  /** Calls `make` once for each `key`. */
  once(key: string, make: () => PlainValue): PlainValue {
    return cached(this.#nodesByKey, key, make);
  }

  #constant(
    key: string,
    type: 'F32' | 'I64',
    dims: readonly number[],
    make: () => Float32Array | BigInt64Array,
  ): PlainValue {
    return cached(this.#tensors, key, () => {
      const name = `constant_${this.#initializers.length}`;
      const { buffer, byteOffset, byteLength } = make();
      const rawData = new Uint8Array(buffer, byteOffset, byteLength);
      this.#initializers.push({ name, dims: [...dims], dataType: ONNX_TYPE[type], rawData });
      return plain(name);
    });
  }

  /**
   * Nodes, those that depend on weights alone first. Among the inputs of a node ONNX Runtime computes the one added last first
   * (core/graph/graph_viewer.cc at v1.30): a weight converted after its node's other input would be converted, and kept in
   * memory, before everything that leads to that input.
   */
  #weightNodesFirst(): Onnx.INodeProto[] {
    const constant = new Set([...this.#external, ...this.#initializers].map(({ name }) => name));
    const [first, rest]: [Onnx.INodeProto[], Onnx.INodeProto[]] = [[], []];
    for (const node of this.#nodes) {
      const isConstant = (node.input ?? []).every((name) => name === '' || constant.has(name));
      if (isConstant) for (const name of node.output ?? []) constant.add(name);
      (isConstant ? first : rest).push(node);
    }
    return [...first, ...rest];
  }

  /**
   * Nodes that an output depends on, those of weights first. Lowerings write a node for a sum before they know that a later
   * kernel computes it, and ONNX Runtime runs such unused nodes at every level of optimization.
   */
  #usedNodes(): { nodes: Onnx.INodeProto[]; used: ReadonlySet<string> } {
    const used = new Set(this.#outputs.map(({ name }) => name ?? ''));
    const nodes: Onnx.INodeProto[] = [];
    for (const node of this.#weightNodesFirst().reverse()) {
      if (!(node.output ?? []).some((name) => used.has(name))) continue;
      for (const name of inputsOf(node)) used.add(name);
      nodes.push(node);
    }
    return { nodes: nodes.reverse(), used };
  }

  /** Without unused nodes, weights and inputs. @param folder parent folder of all external tensors, whose paths are written relative to it */
  finish(name: string, folder: string, target: Target = CPU): WrittenGraph {
    const { nodes, used } = this.#usedNodes();
    const initializer = [
      ...this.#initializers,
      ...this.#external.map((external) => externalTensor(external.name, external.tensor, folder)),
    ].filter((tensor) => used.has(tensor.name ?? ''));
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
        node: nodes,
        input: this.#inputs.filter(({ name }) => used.has(name ?? '')),
        output: this.#outputs,
        initializer,
        valueInfo: [...this.#declared.values()],
      },
    }).finish();
    return { name, bytes, folder, isImported: false, prepacksWeights: false, target };
  }
}

/** Names of a node's inputs, and of the outer values that its loop body uses. */
const inputsOf = ({ input, attribute: attributes }: Onnx.INodeProto): string[] => [
  ...(input ?? []),
  ...(attributes ?? []).flatMap(({ g }) => (g?.node ?? []).flatMap(inputsOf)),
];

const cached = (cache: Map<string, PlainValue>, key: string, make: () => PlainValue): PlainValue => {
  const value = cache.get(key) ?? make();
  cache.set(key, value);
  return value;
};
