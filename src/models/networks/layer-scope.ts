/** A place in a network: `at('conv1')` goes deeper, `weight` takes the tensor of that name from the user's file. */
import type { Value } from '../../onnx/graph/onnx/graph-builder.js';
import { fitsBlocks } from '../../onnx/graph/cpu/nchwc-layout.js';
import type { Kernel, Matrix, Operators } from '../../onnx/graph/operators/operators.js';
import { TO_KERNELS, type Filtering } from '../../onnx/graph/cpu/winograd.js';
import type { PreparedFile } from '../weights/cache/prepared-file.js';
import { prepareBlocked } from '../weights/cache/prepare-nchwc.js';
import { prepareInt8 } from '../weights/cache/prepare-int8.js';
import { prepareKernels } from '../weights/cache/prepare-kernels.js';
import { sliceRows, type Weight, type WeightMap } from '../weights/weight-map.js';
import type { Adapter, LayerChange } from './adapter.js';

/** Files of weights made from the user's own, where a network has them. */
export interface Prepared {
  readonly int8: PreparedFile | null;
  /** Convolutions' kernels transformed, and what is left laid out for channels in blocks. */
  readonly fast: PreparedFile | null;
}

export const NOTHING_PREPARED: Prepared = { int8: null, fast: null };

/** What a network has besides the user's weights. */
export interface Additions {
  readonly prepared: Prepared;
  /** Channels of a block, where the CPU has such a layout. */
  readonly block: number | null;
  readonly adapters: readonly Adapter[];
}

const NOTHING: Additions = { prepared: NOTHING_PREPARED, block: null, adapters: [] };

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

  /** Rows of a linear layer's weight [out,in], as the network has them. @param ofPixels may be in whole numbers */
  matrix(
    name: string,
    shape: readonly [number, number],
    {
      rows: [start, end] = [0, shape[0]],
      ofPixels = true,
    }: { rows?: readonly [number, number]; ofPixels?: boolean } = {},
  ): Matrix {
    const { prepared, block } = this.additions;
    const { int8, fast } = prepared;
    const { name: full, source } = this.tensor(name, shape);
    const rows = sliceRows(source, start, end);
    const features = [shape[1], end - start] as const;
    const { graph } = this.ops;
    const key = `${full}[${start}:${end}]`;
    if (int8 !== null && ofPixels) {
      const { values, scales } = prepareInt8(int8, rows);
      return { ...graph.external(`${key} int8`, values), scales: graph.external(`${key} scales`, scales) };
    }
    if (fast !== null && block !== null && fitsBlocks(features)) {
      return { ...graph.external(`${key} blocked`, prepareBlocked(fast, rows, block)), layout: 'blocked', features };
    }
    return { ...this.rowsOf(full, source, start, end), features };
  }

  /** A convolution's weight [out,in,k,k], as the network has it. @param filtering when it may be transformed */
  kernel(name: string, shape: readonly [number, number, number, number], filtering: Filtering): Kernel {
    const { prepared, block } = this.additions;
    const { fast } = prepared;
    if (block === null || !fitsBlocks([shape[1], shape[0]])) return this.weight(name, shape);
    if (fast === null) {
      const weight = this.weight(name, shape);
      return filtering === 'always' ? { ...weight, layout: 'to transform' } : weight;
    }
    const { name: full, source } = this.tensor(name, shape);
    const { graph } = this.ops;
    if (filtering === 'never') {
      return { ...graph.external(`${full} blocked`, prepareBlocked(fast, source, block)), layout: 'blocked' };
    }
    const transformed = prepareKernels(fast, source, TO_KERNELS, block);
    return { ...graph.external(`${full} transformed`, transformed), layout: 'transformed' };
  }

  #full(name: string | number): string {
    return this.path === '' ? String(name) : `${this.path}.${name}`;
  }
}
