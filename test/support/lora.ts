/** LoRAs for the golden models, and the same models with them merged: from formulas, without the product's own arithmetic. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors } from '#src/models/weights/safetensors/open-safetensors.js';
import { readTensorF32 } from '#src/models/weights/safetensors/read-tensor.js';
import type { Weight } from '#src/models/weights/weight-map.js';
import { goldenData } from './golden.js';
import { writeSafetensors, type RawTensor } from './write-safetensors.js';

export type LoraPart = 'unet' | 'text_encoder' | 'text_encoder_2';

/** A change of one layer, as its trainer has it. */
export interface Change {
  part: LoraPart;
  layer: string;
  down: RawTensor;
  mid: RawTensor | null;
  up: RawTensor;
  alpha: number;
  /** Of a DoRA. */
  magnitude: Float32Array | null;
}

const folders: string[] = [];
export const newLoraFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-lora-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** All tensors of a part's folder, whole or in shards. */
const readRaw = async (folder: string): Promise<Map<string, RawTensor>> => {
  const raw = new Map<string, RawTensor>();
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.safetensors'))) {
    const { file, tensors } = await openSafetensors(join(folder, name));
    for (const [key, entry] of tensors) {
      raw.set(key, { shape: entry.shape, data: await readTensorF32({ ...entry, file } as Weight) });
    }
  }
  return raw;
};

/** Mulberry32 and Box-Muller: numbers that are the same everywhere. */
const gaussians = (seed: number): (() => number) => {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
};

const LINEAR =
  /(attn[12]\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2)|proj_(in|out)|time_emb_proj|self_attn\.(q|k|v|out)_proj|mlp\.fc[12])\.weight$/;
const CONV = /(conv1|conv2|conv_shortcut|samplers\.0\.conv|^conv_in|^conv_out)\.weight$/;

export interface MakeOptions {
  model: string;
  parts: readonly LoraPart[];
  convolutions: boolean;
  /** Convolutions in three steps. */
  threefold?: boolean;
  dora: boolean;
  seed: number;
}

const RANK = 3;

/** Random changes of every layer that trainers change, of about a quarter of the weights' own size. */
export const makeChanges = async ({
  model,
  parts,
  convolutions,
  threefold = false,
  dora,
  seed,
}: MakeOptions): Promise<Change[]> => {
  const draw = gaussians(seed);
  const random = (shape: number[], size: number): RawTensor => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => draw() * size),
  });
  const changes: Change[] = [];
  for (const part of parts) {
    for (const [name, { shape, data }] of await readRaw(goldenData('models', model, part))) {
      if (!LINEAR.test(name) && !(convolutions && CONV.test(name))) continue;
      const [outer = 0, inner = 0, ...kernel] = shape;
      const isThreefold = threefold && kernel[0] === 3;
      const size = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
      const one = kernel.map(() => 1);
      const rows = data.length / outer;
      const lengths = Float32Array.from({ length: outer }, (_, row) =>
        Math.hypot(...data.subarray(row * rows, (row + 1) * rows)),
      );
      changes.push({
        part,
        layer: name.replace(/\.weight$/, ''),
        down: random([RANK, inner, ...(isThreefold ? one : kernel)], 1),
        mid: isThreefold ? random([RANK, RANK, ...kernel], 0.5) : null,
        up: random([outer, RANK, ...one], size / 4),
        alpha: 2,
        magnitude: dora ? lengths.map((length) => length * (1 + 0.2 * draw())) : null,
      });
    }
  }
  return changes;
};

/** alpha/rank · up · (mid ·) down as [out, in·k·k], in float64. */
const productOf = ({ down, mid, up, alpha }: Change, places: number): Float64Array => {
  const [outer = 0] = up.shape;
  const inner = down.shape[1] ?? 0;
  const product = new Float64Array(outer * inner * places);
  const first = (r: number, column: number): number => {
    if (mid === null) return down.data[r * inner * places + column]!;
    const [channel, place] = [Math.floor(column / places), column % places];
    let sum = 0;
    for (let s = 0; s < RANK; s++) sum += mid.data[(r * RANK + s) * places + place]! * down.data[s * inner + channel]!;
    return sum;
  };
  for (let row = 0; row < outer; row++) {
    for (let column = 0; column < inner * places; column++) {
      let sum = 0;
      for (let r = 0; r < RANK; r++) sum += up.data[row * RANK + r]! * first(r, column);
      product[row * inner * places + column] = (sum * alpha) / RANK;
    }
  }
  return product;
};

/** W + w·(W' - W), with W' = W + BA, or m·(W + BA)/‖W + BA‖ by rows for a DoRA (arXiv:2402.09353, eq. 5). */
const merge = ({ shape, data }: RawTensor, change: Change, weight: number): RawTensor => {
  const rows = shape[0] ?? 0;
  const columns = data.length / rows;
  const product = productOf(change, (shape[2] ?? 1) * (shape[3] ?? 1));
  const merged = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const changed = Float64Array.from(
      { length: columns },
      (_, i) => data[row * columns + i]! + product[row * columns + i]!,
    );
    const gain = change.magnitude === null ? 1 : change.magnitude[row]! / Math.hypot(...changed);
    for (let i = 0; i < columns; i++) {
      const own = data[row * columns + i]!;
      merged[row * columns + i] = own + weight * (gain * changed[i]! - own);
    }
  }
  return { shape, data: merged };
};

/** @returns the folder of a copy of the model with all changes merged */
export const mergeInto = async (
  model: string,
  changes: readonly Change[],
  weight: number,
  source = goldenData('models', model),
): Promise<string> => {
  const folder = join(newLoraFolder(), 'merged');
  cpSync(source, folder, { recursive: true });
  for (const part of new Set(changes.map((change) => change.part))) {
    const tensors = await readRaw(join(folder, part));
    for (const change of changes.filter((one) => one.part === part)) {
      const name = `${change.layer}.weight`;
      tensors.set(name, merge(tensors.get(name)!, change, weight));
    }
    for (const name of readdirSync(join(folder, part)).filter((one) => one.includes('.safetensors'))) {
      rmSync(join(folder, part, name));
    }
    const stem = part === 'unet' ? 'diffusion_pytorch_model' : 'model';
    writeSafetensors(join(folder, part, `${stem}.safetensors`), tensors, { format: 'pt' });
  }
  return folder;
};

export type Naming = 'kohya' | 'stability' | 'peft' | 'diffusers';

const PREFIXES: Readonly<Record<LoraPart, string>> = {
  unet: 'lora_unet_',
  text_encoder: 'lora_te1_',
  text_encoder_2: 'lora_te2_',
};

/** Names of a UNet's layers in one-file checkpoints. @param stride blocks of a level */
export type ToStability = (layer: string) => string;

/** @returns the file */
export const writeLora = (
  path: string,
  changes: readonly Change[],
  naming: Naming,
  toStability: ToStability = (layer) => layer,
): string => {
  const tensors = new Map<string, RawTensor>();
  const scalar = (value: number): RawTensor => ({ shape: [], data: Float32Array.of(value) });
  for (const { part, layer, down, mid, up, alpha, magnitude } of changes) {
    const [outer = 0] = up.shape;
    if (naming === 'kohya' || naming === 'stability') {
      const own = naming === 'stability' && part === 'unet' ? toStability(layer) : layer;
      const name = PREFIXES[part] + own.replaceAll('.', '_');
      tensors
        .set(`${name}.lora_down.weight`, down)
        .set(`${name}.lora_up.weight`, up)
        .set(`${name}.alpha`, scalar(alpha));
      if (mid !== null) tensors.set(`${name}.lora_mid.weight`, mid);
      const shape = [outer, ...up.shape.slice(1).map(() => 1)];
      if (magnitude !== null) tensors.set(`${name}.dora_scale`, { shape, data: magnitude });
      continue;
    }
    const name = `${part}.${layer}`;
    const [a, b] = naming === 'peft' ? ['lora_A', 'lora_B'] : ['lora.down', 'lora.up'];
    /* Without a tensor for alpha, the matrices hold it. */
    const scaled = up.data.map((value) => (value * alpha) / RANK);
    tensors.set(`${name}.${a}.weight`, down).set(`${name}.${b}.weight`, { ...up, data: scaled });
    if (magnitude !== null) {
      const shape = up.shape.length === 2 ? [outer] : [1, outer, 1, 1];
      tensors.set(`${name}.lora_magnitude_vector`, { shape, data: magnitude });
    }
  }
  writeSafetensors(path, tensors);
  return path;
};
