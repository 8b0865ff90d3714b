/** Matches an adapter to a model: finds the layer of each change, and refuses adapters for other models. Pure. */
import { unsuitable, type AdapterFile, type LowRank } from './adapter-file.js';
import { adapterLayers, type AdapterPart } from './adapter-names.js';
import { formatValue, showShape } from '../safetensors/format-value.js';
import type { Weight } from '../weight-map.js';

/** Model components that adapters change. */
export const ADAPTED_PARTS = ['unet', 'textEncoder', 'textEncoder2'] as const;
export type AdaptedPart = (typeof ADAPTED_PARTS)[number];

/** Weight shapes of each component by layer name; null: the model has no such component. */
export type PartShapes = Readonly<Record<AdaptedPart, ReadonlyMap<string, readonly number[]> | null>>;

export interface MatchedAdapter {
  /** Changes by layer name of the model. */
  parts: Readonly<Record<AdaptedPart, ReadonlyMap<string, LowRank>>>;
  /** Names in the file that match no layer of the model. */
  unknown: readonly string[];
}

/** Model families by cross_attention_dim, the input width of an adapter's cross-attention layers. */
const FAMILIES: Readonly<Record<number, string>> = {
  768: 'Stable Diffusion 1',
  1024: 'Stable Diffusion 2',
  1280: "SDXL's refiner",
  2048: "SDXL's base model",
};
const PROMPT_LAYER = /attn2[._]to_[kv]$/;

/** @throws LORA_UNSUITABLE for an adapter of another architecture, naming it */
export const matchAdapter = ({ file, layers, unknownKeys }: AdapterFile, shapes: PartShapes): MatchedAdapter => {
  const parts = {
    unet: new Map<string, LowRank>(),
    textEncoder: new Map<string, LowRank>(),
    textEncoder2: new Map<string, LowRank>(),
  };
  const unknown = [...unknownKeys];
  const names = {
    unet: namesOf(shapes.unet),
    textEncoder: namesOf(shapes.textEncoder),
    textEncoder2: namesOf(shapes.textEncoder2),
  };
  const family = familyOf(layers, shapes.unet);
  let misses = 0;
  for (const { part, layer, lowRank } of layers) {
    const own = partOf(part, shapes);
    if (own === null) throw unsuitable(file, `${family ?? LACKS_PART[part]}. ${MEND}`);
    const name = names[own](layer);
    const shape = name === undefined ? undefined : shapes[own]?.get(name);
    if (name === undefined || shape === undefined) {
      unknown.push(layer);
      misses++;
      continue;
    }
    const fitted = fit(lowRank, shape);
    if (fitted === null) throw unsuitable(file, `${family ?? misfit(name, lowRank, shape)}. ${MEND}`);
    if (parts[own].has(name)) throw unsuitable(file, `it changes the layer ${formatValue(name)} twice, under two names`);
    parts[own].set(name, fitted);
  }
  /* A few unknown layers may come from the trainer; if most are unknown, the architecture differs. */
  if (misses > layers.length / 2) {
    throw unsuitable(
      file,
      `${family ?? `most of its layers, such as ${formatValue(unknown.at(-1) ?? '')}, are not in this model`}. ${MEND}`,
    );
  }
  return { parts, unknown };
};

const MEND = 'Give a LoRA for this model, or the model that it was made for';
const LACKS_PART: Readonly<Record<AdapterPart, string>> = {
  unet: 'this model has no UNet',
  textEncoder: "it changes a first text encoder, as SDXL's base model has one, and this model has none",
  textEncoder2: 'it changes a second text encoder, and this model has none',
  onlyTextEncoder: 'it was made for a model with one text encoder, such as Stable Diffusion 1, and this model has two',
};

const namesOf = (modules: ReadonlyMap<string, unknown> | null): ((layer: string) => string | undefined) =>
  adapterLayers(modules?.keys() ?? []);

/** The only text encoder of a refiner counts as the second, which is of the same kind. */
const partOf = (part: AdapterPart, shapes: PartShapes): AdaptedPart | null => {
  if (part === 'onlyTextEncoder') return shapes.textEncoder === null ? 'textEncoder2' : null;
  return shapes[part] === null ? null : part;
};

/** The adapter's model family, if it is not this model's. */
const familyOf = (layers: AdapterFile['layers'], unet: PartShapes['unet']): string | null => {
  const width = layers.find(({ part, layer }) => part === 'unet' && PROMPT_LAYER.test(layer))?.lowRank.down.shape[1];
  const own = [...(unet ?? [])].find(([name]) => PROMPT_LAYER.test(name))?.[1][1];
  if (width === undefined || own === undefined || width === own) return null;
  const [made, has] = [FAMILIES[width], FAMILIES[own]];
  const widths = `its prompts have ${width} numbers a token, this model's ${own}`;
  return `it was made for ${made ?? 'another model'}${has === undefined ? '' : `, not for ${has}`} (${widths})`;
};

const misfit = (name: string, { down, up }: LowRank, shape: readonly number[]): string =>
  `its matrices for ${name}, ${showShape(up.shape)} and ${showShape(down.shape)}, do not make ${showShape(shape)}`;

/** The change reshaped for the layer's operators; null: it does not fit the layer. */
const fit = (lowRank: LowRank, [outputs = 0, inputs = 0, ...kernel]: readonly number[]): LowRank | null => {
  const { down, mid, up, magnitude } = lowRank;
  const rank = down.shape[0] ?? 0;
  const ones = kernel.map(() => 1);
  const shaped = {
    ...lowRank,
    down: reshaped(down, [rank, inputs, ...(mid === null ? kernel : ones)]),
    mid: mid === null ? null : reshaped(mid, [rank, rank, ...kernel]),
    up: reshaped(up, [outputs, rank, ...ones]),
  };
  const isWhole =
    rank > 0 && (mid === null || kernel.length > 0) && (magnitude === null || countOf(magnitude) === outputs);
  return isWhole && shaped.down !== null && shaped.up !== null && (mid === null) === (shaped.mid === null)
    ? { ...shaped, down: shaped.down, up: shaped.up }
    : null;
};

/** The weight with another shape, which may differ in trailing dimensions of 1. */
const reshaped = (weight: Weight, shape: readonly number[]): Weight | null => {
  const [long, short] = weight.shape.length > shape.length ? [weight.shape, shape] : [shape, weight.shape];
  const isSame = long.every((side, axis) => side === (short[axis] ?? 1));
  return isSame ? { ...weight, shape } : null;
};

/** Number of elements: [out] in PEFT, [out,1] in kohya and LyCORIS; for convolutions with more dimensions of 1. */
const countOf = ({ shape }: Weight): number => shape.reduce((count, side) => count * side, 1);
