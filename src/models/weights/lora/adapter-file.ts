/** Opens a LoRA, LoCon or DoRA file: low-rank changes by layer, with the file's names. */
import { messageOf, RefineError } from '../../../errors.js';
import { readAlphas } from './adapter-alpha.js';
import { readAdapterKey, type AdapterPart } from './adapter-names.js';
import { isWeightDtype } from '../safetensors/dtypes.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { readScalar } from '../safetensors/read-scalar.js';
import { formatValue, showShape } from '../safetensors/format-value.js';
import type { TensorEntry } from '../safetensors/safetensors-header.js';
import type { Weight } from '../weight-map.js';

/** A layer's change: scale · up · (mid ·) down. */
export interface LowRank {
  readonly down: Weight;
  /** The k×k convolution of a LoCon in three steps; else null. */
  readonly mid: Weight | null;
  readonly up: Weight;
  /** alpha over rank. */
  readonly scale: number;
  /** DoRA: the magnitude of each row of the weight; else null. */
  readonly magnitude: Weight | null;
}

export interface AdapterFile {
  /** Real path. */
  file: string;
  layers: readonly { part: AdapterPart; layer: string; lowRank: LowRank }[];
  /** Keys that are not of a LoRA, or of an unknown component. */
  unknownKeys: readonly string[];
}

/** Changes that are not low-rank products. */
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
  const otherKind = OTHER_KINDS.find(([sign]) => [...tensors.keys()].some((name) => sign.test(name)));
  if (otherKind !== undefined) {
    throw unsuitable(
      path,
      `it is ${otherKind[1]}, which is not supported. Give a LoRA, LoCon or DoRA, or merge it into its model`,
    );
  }
  const changes = new Map<string, { part: AdapterPart; layer: string; roles: Map<string, Weight>; alpha?: number; alphaKey?: string }>();
  const unknownKeys: string[] = [];
  for (const [name, tensor] of tensors) {
    const key = readAdapterKey(name);
    if (key === null) {
      unknownKeys.push(name);
      continue;
    }
    const { part, layer, role } = key;
    const { dtype } = tensor;
    const entry = changes.get(`${part} ${layer}`) ?? { part, layer, roles: new Map<string, Weight>() };
    changes.set(`${part} ${layer}`, entry);
    if (role === 'alpha') {
      if (entry.alpha !== undefined) throw unsuitable(path, `it has ${formatValue(name)} under two names`);
      entry.alpha = await readAlpha(file, name, tensor);
      entry.alphaKey = name;
      continue;
    }
    if (!isWeightDtype(dtype))
      throw unsuitable(path, `its tensor ${formatValue(name)} is ${dtype}, not F32, F16 or BF16. Save it as one of these`);
    if (/\.dora_scale$/.test(name) && tensor.shape[0] === 1) {
      throw unsuitable(
        path,
        `its ${formatValue(name)} has a length for each input of the layer; only lengths of outputs are read. Merge it into its model`,
      );
    }
    if (entry.roles.has(role)) throw unsuitable(path, `it has ${formatValue(name)} under two names`);
    entry.roles.set(role, { ...tensor, dtype, file });
  }
  const alphaOf = readAlphas(metadata, (what) => unsuitable(path, `${what}, so that the strength of its layers is unknown. Save it again`));
  const layers: AdapterFile['layers'][number][] = [];
  for (const { part, layer, roles, alpha, alphaKey } of changes.values()) {
    /* Resizing scripts leave the alpha of a layer that they drop; other programs skip it too. */
    if (roles.size === 0 && alphaKey !== undefined) {
      unknownKeys.push(alphaKey);
      continue;
    }
    const [down, up, mid = null] = [roles.get('down'), roles.get('up'), roles.get('mid')];
    if (down === undefined || up === undefined) {
      throw unsuitable(
        path,
        `its layer ${formatValue(layer)} lacks ${down === undefined ? 'down (A)' : 'up (B)'}. Download it again`,
      );
    }
    const rank = down.shape[0] ?? 1;
    const scale = alpha === undefined ? alphaOf(part, layer, rank) : alpha / rank;
    layers.push({ part, layer, lowRank: { down, mid, up, scale, magnitude: roles.get('magnitude') ?? null } });
  }
  if (layers.length === 0)
    throw unsuitable(path, 'it has no LoRA for a model of the Stable Diffusion family. Give one for SDXL');
  return { file, layers, unknownKeys };
};

/** kohya's scripts save alpha as a float or an integer. */
const readAlpha = async (file: string, name: string, tensor: TensorEntry): Promise<number> => {
  const alpha = await readScalar(file, tensor).catch((cause: unknown) => {
    throw unsuitable(file, `its ${formatValue(name)} cannot be read: ${messageOf(cause)}`);
  });
  if (alpha !== null) return alpha;
  const actual = `${tensor.dtype} ${showShape(tensor.shape)}`;
  throw unsuitable(file, `its ${formatValue(name)} must be one finite number, and is ${actual}. Save it again as one F32`);
};

export const unsuitable = (file: string, why: string): RefineError =>
  new RefineError('LORA_UNSUITABLE', `Cannot use the LoRA ${file}: ${why}.`, { context: { file } });
