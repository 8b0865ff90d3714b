/** A place in a network: `at('conv1')` goes deeper, `weight` takes the tensor of that name from the user's file. */
import type { Value } from '../graph/graph-builder.js';
import type { Operators } from '../graph/operators.js';
import { sliceRows, type Weight, type WeightMap } from '../weights/weight-map.js';

export class LayerScope {
  constructor(
    readonly ops: Operators,
    private readonly weights: Pick<WeightMap, 'has' | 'require'>,
    private readonly path = '',
  ) {}

  at(name: string | number): LayerScope {
    return new LayerScope(this.ops, this.weights, this.#full(name));
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
    return this.ops.weight(`${full}[${start}:${end}]`, sliceRows(source, start, end));
  }

  #full(name: string | number): string {
    return this.path === '' ? String(name) : `${this.path}.${name}`;
  }
}
