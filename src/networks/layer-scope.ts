/** A place in a network: `at('conv1')` goes deeper, `weight` takes the tensor of that name from the user's file. */
import type { Value } from '../graph/graph-builder.js';
import type { Kernel, Matrix, Operators } from '../graph/operators.js';
import { TO_KERNELS } from '../graph/winograd.js';
import type { PreparedFile } from '../weights/prepared-file.js';
import { prepareInt8 } from '../weights/prepare-int8.js';
import { prepareKernels } from '../weights/prepare-kernels.js';
import { sliceRows, type Weight, type WeightMap } from '../weights/weight-map.js';
import type { Adapter, LayerChange } from './adapter.js';

/** Files of weights made from the user's own, where a network has them. */
export interface Prepared {
  readonly int8: PreparedFile | null;
  readonly winograd: PreparedFile | null;
}

/** What a network has besides the user's weights. */
export interface Additions {
  readonly prepared: Prepared;
  readonly adapters: readonly Adapter[];
}

const NOTHING: Additions = { prepared: { int8: null, winograd: null }, adapters: [] };

export class LayerScope {
  constructor(
    readonly ops: Operators,
    private readonly weights: Pick<WeightMap, 'has' | 'require'>,
    private readonly additions = NOTHING,
    readonly path = '',
  ) {}

  at(name: string | number): LayerScope {
    return new LayerScope(this.ops, this.weights, this.additions, this.#full(name));
  }

  /** Whether any of this scope's tensors would be named `name`. */
  has(name: string): boolean {
    return this.weights.has(this.#full(name));
  }

  /** The stored tensor, in its own precision. */
  tensor(name: string, shape: readonly number[]): { name: string; source: Weight } {
    const full = this.#full(name);
    return { name: full, source: this.weights.require(full, shape) };
  }

  weight(name: string, shape: readonly number[]): Value {
    const { name: full, source } = this.tensor(name, shape);
    return this.ops.weight(full, source);
  }

  /** Rows `start` up to `end` of a tensor: a view into the same bytes. */
  rows(name: string, shape: readonly number[], start: number, end: number): Value {
    const { name: full, source } = this.tensor(name, shape);
    return this.rowsOf(full, source, start, end);
  }

  /** The same, of a tensor of another file. */
  rowsOf(name: string, source: Weight, start: number, end: number): Value {
    return this.ops.weight(`${name}[${start}:${end}]`, sliceRows(source, start, end));
  }

  /** What adapters change in the layer that this scope is. */
  changes(): { adapter: Adapter; change: LayerChange }[] {
    return this.additions.adapters.flatMap((adapter) => {
      const change = adapter.layers.get(this.path);
      return change === undefined ? [] : [{ adapter, change }];
    });
  }

  /** Rows of a linear layer's weight [out,in], in whole numbers where the network has them: for layers that see every pixel. */
  matrix(name: string, shape: readonly [number, number], [start, end] = [0, shape[0]]): Matrix {
    const { int8 } = this.additions.prepared;
    if (int8 === null) {
      return end - start === shape[0] ? this.weight(name, shape) : this.rows(name, shape, start, end);
    }
    const { name: full, source } = this.tensor(name, shape);
    const { values, scales } = prepareInt8(int8, sliceRows(source, start, end));
    const { graph } = this.ops;
    const key = `${full}[${start}:${end}]`;
    return { ...graph.external(`${key} int8`, values), scales: graph.external(`${key} scales`, scales) };
  }

  /** A 3×3 convolution's weight [out,in,3,3], transformed for minimal filtering where the network has such. */
  kernel(name: string, shape: readonly [number, number, 3, 3]): Kernel {
    const { winograd } = this.additions.prepared;
    if (winograd === null) return this.weight(name, shape);
    const { name: full, source } = this.tensor(name, shape);
    const place = prepareKernels(winograd, source, TO_KERNELS);
    return { ...this.ops.graph.external(`${full} transformed`, place), isTransformed: true };
  }

  #full(name: string | number): string {
    return this.path === '' ? String(name) : `${this.path}.${name}`;
  }
}
