/** Inspects a model before an engine opens it: reads small files and headers, not weights. */
import { stat } from 'node:fs/promises';
import { RefineError } from '../../errors.js';
import { parseSchedulerConfig, type SchedulerConfig } from '../../diffusion/schedulers/registry.js';
import { findModel } from '../../models/weights/discovery/find-model.js';
import type { MaxCacheDepth } from '../../records/unet-forms.js';
import type { LoraChoice } from '../../records/model-options.js';
import { fingerprintFile, fingerprintModel } from '../../models/weights/discovery/fingerprint-model.js';

export type ModelKind = 'base' | 'refiner';

export interface InspectedModel {
  kind: ModelKind;
  /** Identifies the model, as in the engine. */
  digest: string;
  schedulerConfig: SchedulerConfig;
  /** null for an ONNX export; else unknown before the model is open. */
  maxCacheDepth: MaxCacheDepth | undefined;
  /** Size of its weights in bytes. */
  bytes: number;
}

/** @param path a folder or file @param loras that become part of the digest @throws MODEL_* WEIGHTS_* */
export const inspectModel = async (path: string, loras: readonly LoraChoice[] = []): Promise<InspectedModel> => {
  const model = await findModel(path);
  const parts = [model.unet, model.vae, model.textEncoder, model.textEncoder2];
  const files = new Set(parts.flatMap((part) => part?.weightFiles ?? []));
  const sizes = await Promise.all([...files].map(async (file) => (await stat(file)).size));
  return {
    kind: model.index.requiresAestheticsScore || model.textEncoder === null ? 'refiner' : 'base',
    digest: [
      await fingerprintModel(model),
      ...(await Promise.all(
        loras.filter(({ mayNotFit }) => mayNotFit !== true).map(({ file }) => fingerprintFile(file)),
      )),
    ].join(' '),
    schedulerConfig: parseSchedulerConfig(model.scheduler),
    maxCacheDepth: model.unet.form === 'onnx' ? null : undefined,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
};

/** A model's digest without its precision, which `loadModel` puts into it. */
export const withoutPrecision = (modelDigest: string): string => modelDigest.replace(' int8', '');

const FLAGS = { base: '--base', refiner: '--model' } as const;
const SIGNS = {
  base: 'two text encoders and takes no aesthetic score',
  refiner: 'one text encoder or takes an aesthetic score',
} as const;

/** @param name as the user gave it @throws MODEL_KIND_WRONG for a base model in place of the refiner, or the reverse */
export const expectModelKind = ({ kind }: InspectedModel, expected: ModelKind, name: string): void => {
  if (kind === expected) return;
  const mend =
    kind === 'base'
      ? 'give it to --base; --mode base makes pictures without a refiner'
      : 'give it to --model; batch refines pictures without a base model';
  throw new RefineError(
    'MODEL_KIND_WRONG',
    `Expected ${FLAGS[expected]} to be a ${expected === 'base' ? 'base model' : 'refiner'}, got ${name}, which has ${SIGNS[kind]}: ${mend}.`,
    { context: { expected, found: kind } },
  );
};
