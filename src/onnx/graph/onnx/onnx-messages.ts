/** Protobuf messages of the ONNX format (onnx/onnx onnx.proto). */
import { posix, relative, sep } from 'node:path';
import onnxProto, { type onnx as Onnx } from '#onnx-proto';

/* The package is CommonJS: its values are in the default export, its types are named exports. */
export const { onnx } = onnxProto;

export type ElementType = 'F32' | 'F16' | 'BF16' | 'I8' | 'I64';
export const ONNX_TYPE: Readonly<Record<ElementType, number>> = {
  F32: onnx.TensorProto.DataType.FLOAT,
  F16: onnx.TensorProto.DataType.FLOAT16,
  BF16: onnx.TensorProto.DataType.BFLOAT16,
  I8: onnx.TensorProto.DataType.INT8,
  I64: onnx.TensorProto.DataType.INT64,
};

/** A tensor stored in a file. */
export interface ExternalTensor {
  /** Real path of the file. */
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
  readonly dtype: string;
  readonly shape: readonly number[];
}

export type Attribute =
  number | string | readonly number[] | { readonly float: number } | { readonly graph: Onnx.IGraphProto };

export const attribute = (name: string, value: Attribute): Onnx.IAttributeProto => {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ('graph' in value) return { name, type: AttributeType.GRAPH, g: value.graph };
  return { name, type: AttributeType.INTS, ints: [...value] };
};

/** A size, the name of a dynamic size (equal names are equal sizes), or null if unknown. */
export type Dimension = number | string | null;

export const valueInfo = (name: string, type: ElementType, dims: readonly Dimension[]): Onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: ONNX_TYPE[type], shape: { dim: dims.map(dimension) } } },
});

const dimension = (dim: Dimension): Onnx.TensorShapeProto.IDimension => {
  if (dim === null) return {};
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
};

/** Path of a weight file relative to `folder`, as ONNX writes it. */
export const locationBelow = (folder: string, file: string): string =>
  relative(folder, file).split(sep).join(posix.sep);

/** @param folder that its file's path is relative to */
export const externalTensor = (name: string, source: ExternalTensor, folder: string): Onnx.ITensorProto => ({
  name,
  dims: [...source.shape],
  dataType: ONNX_TYPE[source.dtype as ElementType],
  dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
  externalData: [
    { key: 'location', value: locationBelow(folder, source.file) },
    { key: 'offset', value: String(source.offset) },
    { key: 'length', value: String(source.byteLength) },
  ],
});
