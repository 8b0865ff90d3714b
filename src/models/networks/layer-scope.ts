/** A layer of a network by its path: `at('conv1')` is a sublayer, `weight` the tensor of that name in the user's file. */
import type { PlainValue } from '../../onnx/graph/onnx/value.js';
import { fitsNchwc } from '../../onnx/graph/cpu/nchwc-layout.js';
import type { ConvWeight, LinearWeight, Operators } from '../../onnx/graph/operators/operators.js';
import { KERNEL_TRANSFORM, type WinogradMode } from '../../onnx/graph/cpu/winograd.js';
import type { PreparedFile } from '../weights/cache/prepared-file.js';
import { prepareNchwc } from '../weights/cache/prepare-nchwc.js';
import { prepareInt8 } from '../weights/cache/prepare-int8.js';
import { prepareKernels } from '../weights/cache/prepare-kernels.js';
import { sliceRows, type Weight, type WeightMap } from '../weights/weight-map.js';
import type { Adapter, LayerChange } from './adapter.js';

/** Cached files of weights that were converted from the user's, for networks that use them. */
export interface Prepared {
  readonly int8: PreparedFile | null;
  /** Transformed kernels of Winograd convolutions, and all other weights in the NCHWc layout. */
  readonly transformed: PreparedFile | null;
}

export const NOTHING_PREPARED: Prepared = { int8: null, transformed: null };

/** Inputs of a graph besides the model's weights. */
export interface GraphExtras {
  readonly prepared: Prepared;
  /** Channels of an NCHWc block; null: the device has no such layout. */
  readonly blockSize: number | null;
  readonly adapters: readonly Adapter[];
}

const NO_EXTRAS: GraphExtras = { prepared: NOTHING_PREPARED, blockSize: null, adapters: [] };

export class LayerScope {
  constructor(
    readonly ops: Operators,
    private readonly weights: Pick<WeightMap, 'has' | 'require'>,
    private readonly extras = NO_EXTRAS,
    readonly path = '',
  ) {}

  at(name: string | number): LayerScope {
    return new LayerScope(this.ops, this.weights, this.extras, this.#full(name));
  }

  /** Whether this layer has a tensor `name`. */
  has(name: string): boolean {
    return this.weights.has(this.#full(name));
  }

  /** The stored tensor, in its stored precision. */
  tensor(name: string, shape: readonly number[]): { name: string; source: Weight } {
    const full = this.#full(name);
    return { name: full, source: this.weights.require(full, shape) };
  }

  weight(name: string, shape: readonly number[]): PlainValue {
    const { name: full, source } = this.tensor(name, shape);
    return this.ops.weight(full, source);
  }

  /** Rows `start` up to `end` of a tensor: a view of the same bytes. */
  rows(name: string, shape: readonly number[], start: number, end: number): PlainValue {
    const { name: full, source } = this.tensor(name, shape);
    return this.rowsOf(full, source, start, end);
  }

  /** `rows` for a tensor of another file. */
  rowsOf(name: string, source: Weight, start: number, end: number): PlainValue {
    return this.ops.weight(`${name}[${start}:${end}]`, sliceRows(source, start, end));
  }

  /** Changes that adapters make to this layer. */
  changes(): { adapter: Adapter; change: LayerChange }[] {
    return this.extras.adapters.flatMap((adapter) => {
      const change = adapter.layers.get(this.path);
      return change === undefined ? [] : [{ adapter, change }];
    });
  }

  /** Rows of a linear layer's weight [out,in], in the form that the network uses. */
  linearWeight(
    name: string,
    shape: readonly [number, number],
    {
      rows: [start, end] = [0, shape[0]],
      mayBeInt8 = true,
    }: { rows?: readonly [number, number]; mayBeInt8?: boolean } = {},
  ): LinearWeight {
    const { prepared, blockSize } = this.extras;
    const { int8, transformed } = prepared;
    const { name: full, source } = this.tensor(name, shape);
    const rows = sliceRows(source, start, end);
    const features = [shape[1], end - start] as const;
    const { graph } = this.ops;
    const key = `${full}[${start}:${end}]`;
    if (int8 !== null && mayBeInt8) {
      const { values, scales } = prepareInt8(int8, rows);
      const { name: int8Name } = graph.external(`${key} int8`, values);
      return { layout: 'int8', name: int8Name, scales: graph.external(`${key} scales`, scales) };
    }
    if (transformed !== null && blockSize !== null && fitsNchwc(features)) {
      const { name: nchwcName } = graph.external(`${key} nchwc`, prepareNchwc(transformed, rows, blockSize));
      return { layout: 'nchwc', name: nchwcName, features };
    }
    return { ...this.rowsOf(full, source, start, end), features };
  }

  /** A convolution's weight [out,in,k,k], in the form that the network uses. */
  convWeight(name: string, shape: readonly [number, number, number, number], winograd: WinogradMode): ConvWeight {
    const { prepared, blockSize } = this.extras;
    const { transformed } = prepared;
    if (blockSize === null || !fitsNchwc([shape[1], shape[0]])) return this.weight(name, shape);
    if (transformed === null) {
      const weight = this.weight(name, shape);
      return winograd === 'always' ? { ...weight, layout: 'winograd at run' } : weight;
    }
    const { name: full, source } = this.tensor(name, shape);
    const { graph } = this.ops;
    if (winograd === 'never') {
      return { ...graph.external(`${full} nchwc`, prepareNchwc(transformed, source, blockSize)), layout: 'nchwc' };
    }
    const kernels = prepareKernels(transformed, source, KERNEL_TRANSFORM, blockSize);
    return { ...graph.external(`${full} transformed`, kernels), layout: 'winograd' };
  }

  #full(name: string | number): string {
    return this.path === '' ? String(name) : `${this.path}.${name}`;
  }
}
