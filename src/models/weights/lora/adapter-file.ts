/** A file of adapters (LoRA, LoCon, DoRA), read: low-rank changes by layer, as the file names them. */
import { messageOf, RefineError } from '../../../errors.js';
import { readAlphas } from './adapter-alpha.js';
import { readAdapterKey, type AdapterPart } from './adapter-names.js';
import { isWeightDtype } from '../safetensors/dtypes.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { readScalar } from '../safetensors/read-scalar.js';
import { show, showShape } from '../safetensors/format-value.js';
import type { TensorEntry } from '../safetensors/safetensors-header.js';
import type { Weight } from '../weight-map.js';

/** A layer's change: scale · up · (mid ·) down, as it lies in the file. */
export interface LowRank {
  readonly down: Weight;
  /** Of a convolution in three steps. */
  readonly mid: Weight | null;
  readonly up: Weight;
  /** alpha over rank, as the file says. */
  readonly scale: number;
  /** Of a DoRA: the length that each row of the weight is brought to. */
  readonly magnitude: Weight | null;
}

export interface AdapterFile {
  /** Real path. */
  file: string;
  layers: readonly { part: AdapterPart; layer: string; lowRank: LowRank }[];
  /** Keys that are of no LoRA, or of no part that is known. */
  strangers: readonly string[];
}

/** Changes that are no product of two matrices. */
const OTHER_KINDS: readonly (readonly [sign: RegExp, what: string])[] = [
  [/\.hada_w\d/, 'a LoHa'],
  [/\.lokr_w\d/, 'a LoKr'],
  [/\.oft_|\.boft_/, 'an OFT'],
  [/\.on_input$/, 'an IA3'],
  [/\.(a|b)[12]\.weight$/, 'a GLoRA'],
];

/** @throws LORA_UNSUITABLE WEIGHTS_FILE_MISSING WEIGHTS_HEADER_INVALID */
export const openAdapterFile = async (path: string): Promise<AdapterFile> => {
  if (!/\.safetensors$/i.test(path)) throw unsuitable(path, 'only .safetensors files are read. Give the LoRA as one');
  const { file, tensors, metadata } = await openSafetensors(path);
  const other = OTHER_KINDS.find(([sign]) => [...tensors.keys()].some((name) => sign.test(name)));
  if (other !== undefined) {
    throw unsuitable(
      path,
      `it is ${other[1]}, which is not run here. Give a LoRA, LoCon or DoRA, or merge it into its model`,
    );
  }
  const found = new Map<string, { part: AdapterPart; layer: string; roles: Map<string, Weight>; alpha?: number }>();
  const strangers: string[] = [];
  for (const [name, tensor] of tensors) {
    const key = readAdapterKey(name);
    if (key === null) {
      strangers.push(name);
      continue;
    }
    const { part, layer, role } = key;
    const { dtype } = tensor;
    const entry = found.get(`${part} ${layer}`) ?? { part, layer, roles: new Map<string, Weight>() };
    found.set(`${part} ${layer}`, entry);
    if (role === 'alpha') {
      if (entry.alpha !== undefined) throw unsuitable(path, `it has ${show(name)} under two names`);
      entry.alpha = await readAlpha(file, name, tensor);
      continue;
    }
    if (!isWeightDtype(dtype))
      throw unsuitable(path, `its tensor ${show(name)} is ${dtype}, not F32, F16 or BF16. Save it as one of these`);
    if (/\.dora_scale$/.test(name) && tensor.shape[0] === 1) {
      throw unsuitable(
        path,
        `its ${show(name)} has a length for each input of the layer; only lengths of outputs are read. Merge it into its model`,
      );
    }
    if (entry.roles.has(role)) throw unsuitable(path, `it has ${show(name)} under two names`);
    entry.roles.set(role, { ...tensor, dtype, file });
  }
  const alphaOf = readAlphas(metadata);
  const layers: AdapterFile['layers'][number][] = [];
  for (const { part, layer, roles, alpha } of found.values()) {
    const [down, up, mid = null] = [roles.get('down'), roles.get('up'), roles.get('mid')];
    if (down === undefined || up === undefined) {
      throw unsuitable(
        path,
        `its layer ${show(layer)} lacks ${down === undefined ? 'down (A)' : 'up (B)'}. Download it again`,
      );
    }
    const rank = down.shape[0] ?? 1;
    const scale = alpha === undefined ? alphaOf(part, layer, rank) : alpha / rank;
    layers.push({ part, layer, lowRank: { down, mid, up, scale, magnitude: roles.get('magnitude') ?? null } });
  }
  if (layers.length === 0)
    throw unsuitable(path, 'it holds no LoRA for a model of the Stable Diffusion family. Give one for SDXL');
  return { file, layers, strangers };
};

/** kohya's scripts save the float or the integer that it was given as. */
const readAlpha = async (file: string, name: string, tensor: TensorEntry): Promise<number> => {
  const alpha = await readScalar(file, tensor).catch((cause: unknown) => {
    throw unsuitable(file, `its ${show(name)} cannot be read: ${messageOf(cause)}`);
  });
  if (alpha !== null) return alpha;
  const found = `${tensor.dtype} ${showShape(tensor.shape)}`;
  throw unsuitable(file, `its ${show(name)} is to be one finite number, and is ${found}. Save it again as one F32`);
};

export const unsuitable = (file: string, why: string): RefineError =>
  new RefineError('LORA_UNSUITABLE', `Cannot use the LoRA ${file}: ${why}.`, { context: { file } });
