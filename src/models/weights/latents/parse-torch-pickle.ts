/**
 * Parses the pickle of one tensor in a torch.save file. A pickle is a program: only the opcodes for a tensor are interpreted,
 * unknown function names are refused, and no function is called. Sources: CPython 3.12 Lib/pickletools.py (opcodes),
 * torch 2.13 torch/serialization.py (persistent ids) and torch/_utils.py (`_rebuild_tensor_v2`). Pure.
 */
import type { WeightDtype } from '../safetensors/dtypes.js';

/** A tensor as described in the file, not validated against the data. */
export interface TorchTensor {
  dtype: WeightDtype;
  /** Name of its storage: the entry `data/<storage>`. */
  storage: string;
  /** Elements of the storage. */
  storageSize: number;
  /** In elements, as are the strides. */
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

/** One tensor takes about 200 bytes. */
export const MAX_PICKLE_BYTES = 64 * 1024;

/** Latents have 4. */
const MAX_SIDES = 8;

const STORAGES: Readonly<Record<string, WeightDtype>> = {
  'torch FloatStorage': 'F32',
  'torch HalfStorage': 'F16',
  'torch BFloat16Storage': 'BF16',
};
const REBUILD = 'torch._utils _rebuild_tensor_v2';
const ORDERED_DICT = 'collections OrderedDict';

class Name {
  constructor(readonly text: string) {}
}
class Storage {
  constructor(
    readonly dtype: WeightDtype,
    readonly key: string,
    readonly size: number,
  ) {}
}
class Tensor {
  constructor(readonly parts: TorchTensor) {}
}
/** Stack marker: the beginning of a list of values. */
const MARK = new Name('mark');
type Value = null | boolean | number | string | Name | Storage | Tensor | Value[];

/**
 * Returns the one tensor of a file: alone, or the only one in a dictionary or list.
 * @throws Error with the actual contents
 */
export const parseTorchPickle = (bytes: Uint8Array): TorchTensor => {
  if (bytes.length > MAX_PICKLE_BYTES)
    throw new Error(`its pickle has ${bytes.length} bytes, more than ${MAX_PICKLE_BYTES}`);
  const result = run(bytes);
  const tensors = (Array.isArray(result) ? result : [result]).filter((value) => value instanceof Tensor);
  const [tensor] = tensors;
  if (tensor !== undefined && tensors.length === 1) return tensor.parts;
  throw new Error(`it contains ${tensors.length} tensors; expected one, alone or the only one in a dictionary or list`);
};

/** Runs the pickle. Dictionaries become lists of keys and values, since only their tensors matter. */
const run = (bytes: Uint8Array): Value => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: Value[] = [];
  const memo = new Map<number, Value>();
  let at = 0;

  const take = (count: number): number => {
    const from = at;
    at += count;
    if (at > bytes.length) throw damaged();
    return from;
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw damaged();
    const text = new TextDecoder('latin1').decode(bytes.subarray(at, end));
    at = end + 1;
    return text;
  };
  const pop = (): Value => {
    const value = stack.pop();
    if (value === undefined || value === MARK) throw damaged();
    return value;
  };
  const toMark = (): Value[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw damaged();
    const values = stack.splice(mark);
    return values.slice(1);
  };
  const last = (): Value[] => {
    const value = stack.at(-1);
    if (!Array.isArray(value)) throw damaged();
    return value;
  };
  const remember = (key: number): void => {
    const value = stack.at(-1);
    if (value === undefined) throw damaged();
    memo.set(key, value);
  };
  const recall = (key: number): Value => {
    const value = memo.get(key);
    if (value === undefined) throw damaged();
    return value;
  };
  const tuple = (count: number): void => {
    const values = Array.from({ length: count }, pop).reverse();
    stack.push(values);
  };

  const words: Readonly<Record<number, () => void>> = {
    [0x80]: () => {
      const protocol = bytes[take(1)] ?? 0;
      if (protocol < 2 || protocol > 5) throw new Error(`its pickle has protocol ${protocol}; expected 2 to 5`);
    },
    [code('c')]: () => stack.push(known(`${line()} ${line()}`)),
    [code('(')]: () => stack.push(MARK),
    [code('t')]: () => stack.push(toMark()),
    [code(')')]: () => stack.push([]),
    [0x85]: () => {
      tuple(1);
    },
    [0x86]: () => {
      tuple(2);
    },
    [0x87]: () => {
      tuple(3);
    },
    [code('}')]: () => stack.push([]),
    [code(']')]: () => stack.push([]),
    [code('a')]: () => {
      const value = pop();
      last().push(value);
    },
    [code('e')]: () => {
      const values = toMark();
      last().push(...values);
    },
    [code('s')]: () => {
      const [value, key] = [pop(), pop()];
      last().push(key, value);
    },
    [code('u')]: () => {
      const values = toMark();
      last().push(...values);
    },
    [code('X')]: () => {
      const length = view.getUint32(take(4), true);
      const from = take(length);
      stack.push(new TextDecoder().decode(bytes.subarray(from, at)));
    },
    [code('J')]: () => stack.push(view.getInt32(take(4), true)),
    [code('K')]: () => stack.push(view.getUint8(take(1))),
    [code('M')]: () => stack.push(view.getUint16(take(2), true)),
    [code('G')]: () => stack.push(view.getFloat64(take(8), false)),
    [0x88]: () => stack.push(true),
    [0x89]: () => stack.push(false),
    [code('N')]: () => stack.push(null),
    [code('q')]: () => {
      remember(view.getUint8(take(1)));
    },
    [code('r')]: () => {
      remember(view.getUint32(take(4), true));
    },
    [code('h')]: () => stack.push(recall(view.getUint8(take(1)))),
    [code('j')]: () => stack.push(recall(view.getUint32(take(4), true))),
    [code('Q')]: () => stack.push(storageOf(pop())),
    [code('R')]: () => {
      const [args, name] = [pop(), pop()];
      stack.push(rebuild(name, args));
    },
  };

  for (;;) {
    const opcode = bytes[take(1)] ?? 0;
    if (opcode === code('.')) break;
    const word = words[opcode];
    if (word === undefined)
      throw new Error(`its pickle does more than describe a tensor (opcode 0x${opcode.toString(16)})`);
    word();
  }
  if (stack.length !== 1) throw damaged();
  return pop();
};

const code = (letter: string): number => letter.charCodeAt(0);
const damaged = (): Error => new Error('its pickle is damaged');

const known = (text: string): Name => {
  if (text === REBUILD || text === ORDERED_DICT || Object.hasOwn(STORAGES, text)) return new Name(text);
  const isOfTensors = /^torch \w+Storage$/.test(text);
  const why = isOfTensors ? 'expected float32, float16 or bfloat16' : 'which is refused: it could run any code';
  throw new Error(`its pickle names ${JSON.stringify(text.slice(0, 100).replace(' ', '.'))}, ${why}`);
};

/** ('storage', class, key, device, elements) */
const storageOf = (id: Value): Storage => {
  const [kind, type, key, , size] = Array.isArray(id) ? id : [];
  const dtype = type instanceof Name ? STORAGES[type.text] : undefined;
  if (kind !== 'storage' || dtype === undefined || typeof key !== 'string' || !isCount(size)) throw damaged();
  return new Storage(dtype, key, size);
};

/** @param args of `_rebuild_tensor_v2`: storage, offset, shape, strides, …; an OrderedDict (backward hooks) is ignored */
const rebuild = (name: Value, args: Value): Value => {
  if (!(name instanceof Name) || !Array.isArray(args)) throw damaged();
  if (name.text === ORDERED_DICT && args.length === 0) return null;
  const [storage, offset, shape, strides] = args;
  const isTensor = name.text === REBUILD && storage instanceof Storage && isCount(offset);
  if (!isTensor || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) throw damaged();
  const { dtype, key, size } = storage;
  return new Tensor({ dtype, storage: key, storageSize: size, offset, shape, strides });
};

const isCount = (value: Value | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
/** A tensor's shape or strides. The length is limited so that repeated references to a long list stay fast. */
const isCounts = (value: Value | undefined): value is number[] =>
  Array.isArray(value) && value.length <= MAX_SIDES && value.every(isCount);
