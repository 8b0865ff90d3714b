/** Opens the adapters of a run and matches them to its model's networks. */
import { parse } from 'node:path';
import { listSome, isRefineError } from '../../errors.js';
import type { Adapter, LayerChange } from '../../models/networks/adapter.js';
import type { LoraChoice } from '../../records/model-options.js';
import { exportConflict } from './open-components.js';
import { openAdapterFile, unsuitable } from '../../models/weights/lora/adapter-file.js';
import { fingerprintFile } from '../../models/weights/discovery/fingerprint-model.js';
import {
  ADAPTED_PARTS,
  matchAdapter,
  type AdaptedPart,
  type MatchedAdapter,
  type PartShapes,
} from '../../models/weights/lora/match-adapter.js';
import type { ModelFiles } from '../../models/weights/discovery/model-files.js';
import { openComponent } from '../../models/weights/discovery/open-weights.js';
import { showName } from '../../models/weights/safetensors/format-value.js';
import type { WeightMap } from '../../models/weights/weight-map.js';
import { doraGains } from './dora-gains.js';

export interface OpenedAdapters {
  /** By component, in the order of the options; only adapters that change it. */
  parts: Readonly<Record<AdaptedPart, readonly Adapter[]>>;
  /** Identifies the files of required adapters; '' without any. */
  digest: string;
  /** Digests of optional adapters, by name. */
  digests: Readonly<Record<string, string>>;
  /** Optional adapters that do not fit the model: the reasons, by name. */
  skipped: Readonly<Record<string, string>>;
  /** For the user. */
  warnings: readonly string[];
}

const NO_ADAPTERS: OpenedAdapters = {
  parts: { unet: [], textEncoder: [], textEncoder2: [] },
  digest: '',
  digests: {},
  skipped: {},
  warnings: [],
};

/** The graph's input for an adapter's weight. */
export const adapterInput = (name: string): string => `lora:${name}`;

/** @throws LORA_UNSUITABLE USAGE_CONFLICT MODEL_* WEIGHTS_* SESSION_CREATE */
export const openAdapters = async (choices: readonly LoraChoice[], files: ModelFiles): Promise<OpenedAdapters> => {
  if (choices.length === 0) return NO_ADAPTERS;
  if (files.unet.form === 'onnx' && choices.every(({ mayNotFit }) => mayNotFit === true)) {
    const why = 'the model is an ONNX export, which does not support LoRA';
    return { ...NO_ADAPTERS, skipped: Object.fromEntries(choices.map(({ name }) => [name, why])) };
  }
  const weights = await openAdaptedParts(files);
  const shapes: PartShapes = {
    unet: shapesOf(weights.unet),
    textEncoder: shapesOf(weights.textEncoder),
    textEncoder2: shapesOf(weights.textEncoder2),
  };
  const parts: Record<AdaptedPart, Adapter[]> = { unet: [], textEncoder: [], textEncoder2: [] };
  const required: string[] = [];
  const digests: Record<string, string> = {};
  const skipped: Record<string, string> = {};
  const warnings: string[] = [];
  for (const { name, file, mayNotFit = false } of choices) {
    try {
      const { digest, changes, warning } = await openAdapter(file, { files, weights, shapes });
      for (const [part, layers] of changes) parts[part].push({ input: adapterInput(name), layers });
      if (mayNotFit) digests[name] = digest;
      else required.push(digest);
      if (warning !== null) warnings.push(warning);
    } catch (thrown) {
      if (!mayNotFit || !isRefineError(thrown)) throw thrown;
      skipped[name] = thrown.message.replace(`Cannot use the LoRA ${file}: `, '').replace(/[.]$/, '');
    }
  }
  return { parts, digest: required.join(' '), digests, skipped, warnings };
};

interface ModelWeights {
  files: ModelFiles;
  weights: Record<AdaptedPart, WeightMap | null>;
  shapes: PartShapes;
}

/** Opens one file and matches it to the model. */
const openAdapter = async (
  file: string,
  { files, weights, shapes }: ModelWeights,
): Promise<{ digest: string; changes: [AdaptedPart, Adapter['layers']][]; warning: string | null }> => {
  const opened = await openAdapterFile(file);
  const matched = matchAdapter(opened, shapes);
  expectSameDrive(opened.file, files);
  const changes: [AdaptedPart, Adapter['layers']][] = [];
  for (const part of ADAPTED_PARTS) {
    const own = weights[part];
    if (own === null || matched.parts[part].size === 0) continue;
    changes.push([part, await changesOf(own, matched.parts[part], opened.file)]);
  }
  return { digest: await fingerprintFile(opened.file), changes, warning: unknownWarning(file, matched) };
};

const openAdaptedParts = async (files: ModelFiles): Promise<Record<AdaptedPart, WeightMap | null>> => {
  const { unet, textEncoder, textEncoder2 } = files;
  if (unet.form === 'onnx') throw exportConflict(unet, '--lora');
  return {
    unet: await openComponent(unet),
    textEncoder: textEncoder === null ? null : await openComponent(textEncoder),
    textEncoder2: await openComponent(textEncoder2),
  };
};

/** Token tables and the text projection: adapters do not change them here. */
const NOT_ADAPTED = /embedding\.weight$|^text_projection\.weight$/;
const WEIGHT = /\.weight$/;

const shapesOf = (weights: WeightMap | null): ReadonlyMap<string, readonly number[]> | null => {
  if (weights === null) return null;
  const layers = Array.from(weights.entries()).filter(
    ([name, { shape }]) => WEIGHT.test(name) && !NOT_ADAPTED.test(name) && (shape.length === 2 || shape.length === 4),
  );
  return new Map(layers.map(([name, { shape }]) => [name.replace(WEIGHT, ''), shape]));
};

const changesOf = async (
  weights: WeightMap,
  layers: MatchedAdapter['parts'][AdaptedPart],
  file: string,
): Promise<ReadonlyMap<string, LayerChange>> => {
  const threefold = Array.from(layers).find(([, { mid, magnitude }]) => mid !== null && magnitude !== null);
  if (threefold !== undefined) {
    throw unsuitable(
      file,
      `its layer ${threefold[0]} is a DoRA with three matrices, which is not supported. Merge it into its model`,
    );
  }
  const gains = await doraGains(weights, layers);
  return new Map(Array.from(layers, ([name, change]) => [name, { ...change, gain: gains.get(name) ?? null }]));
};

/** ONNX Runtime maps the files of a session from below one folder. */
const expectSameDrive = (file: string, { unet }: ModelFiles): void => {
  const apart = unet.weightFiles.find((weights) => parse(weights).root !== parse(file).root);
  if (apart !== undefined) throw unsuitable(file, `it is on another drive than ${apart}. Copy it to the model's drive`);
};

const SHOWN = 5;

const unknownWarning = (file: string, { unknown }: MatchedAdapter): string | null => {
  if (unknown.length === 0) return null;
  return `LoRA ${file} targets layers that this model does not have; ignored: ${listSome(unknown.map(showName), SHOWN)}.`;
};
