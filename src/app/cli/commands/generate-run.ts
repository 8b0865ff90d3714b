/** The differences of `generate` from `batch`: its rows, and two models instead of one. */
import { basename, join, resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { createGenerateProcessor } from '../../../run/batch/generate-processor.js';
import type { RunnerOptions } from '../../../run/engine/create-runner.js';
import { RefineError } from '../../../errors.js';
import { generateRowParser, REFINER_KEYS, refinerDefaults } from '../../../run/manifest/rows/parse-generate-row.js';
import type { GenerateMode } from '../../../records/row.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { BatchFlags } from '../options/batch-flags.js';
import type { ModelDefaults, RunKind } from './run-kind.js';
import { BUNDLED_BASE, BUNDLED_MODEL } from '../options/bundled-model.js';
import type { MergedConfig } from '../config/config.js';
import { parseEmbeddings } from '../options/embedding-options.js';
import { expectDistinct, parseLoras } from '../options/lora-options.js';
import { findModelDefaults } from '../options/model-defaults.js';
import { MODES, RESIDENT, STAGE_INPUTS } from '../options/option-choices.js';
import { resolveModel } from '../options/resolve-model.js';
import { parseChoice, parseVaeTiling } from '../options/run-options.js';
import { engineSpeed, parseSpeed, withSpeed } from '../options/speed.js';
import type { ProcessContext } from '../process-context.js';

export interface GenerateFlags extends BatchFlags {
  mode: string;
  base?: string;
  baseLora?: string | readonly string[];
  stageInput: string;
  resident: string;
  saveLatents?: boolean;
  count?: string;
  prompt?: string;
}

const readDefaults = async (
  flags: Pick<GenerateFlags, 'base' | 'model' | 'speed'>,
  mode: GenerateMode,
  context: ProcessContext,
): Promise<ModelDefaults> => ({
  modelDefaults: withSpeed(flags, 'base', await findModelDefaults(flags.base ?? BUNDLED_BASE, context)),
  refinerDefaults:
    mode === 'base' ? {} : withSpeed(flags, 'refiner', await findModelDefaults(flags.model ?? BUNDLED_MODEL, context)),
});

/** Settings that the base model does not use. */
const REFINER_ONLY = ['strength', 'aesthetic_score', 'negative_aesthetic_score'] as const;

/** Defaults of both models, by the option whose default they replace. @throws USAGE_OPTION_INVALID MODEL_CONFIG_INVALID */
export const defaultsByOption = async (
  { flags, settings }: MergedConfig<GenerateFlags>,
  context: ProcessContext,
): Promise<Readonly<Record<string, unknown>>> => {
  const mode = parseChoice('--mode', flags.mode, MODES);
  const defaults = await readDefaults(flags, mode, context);
  const refiner = refinerDefaults(defaults, mode);
  const refinerOnly = REFINER_ONLY.map((name) => [name, refiner[name]] as const);
  const refinerKeys = Object.entries(REFINER_KEYS).flatMap(([key, shared]) =>
    /* A given setting for both models beats the defaults of either. */
    settings[shared]?.source === 'default' ? [[key, refiner[shared]] as const] : [],
  );
  return { ...defaults.modelDefaults, ...Object.fromEntries([...refinerOnly, ...refinerKeys]) };
};

/** The models in results, if not as the options name them. */
export interface ModelNames {
  base?: string | undefined;
  refiner?: string | undefined;
}

/** @throws USAGE_OPTION_INVALID USAGE_CONFLICT */
export const generateKind = (
  inputs: readonly string[],
  flags: GenerateFlags,
  context: ProcessContext,
  names: ModelNames = { base: flags.base, refiner: flags.model },
): RunKind => {
  const mode = parseChoice('--mode', flags.mode, MODES);
  const stageInput = parseChoice('--stage-input', flags.stageInput, STAGE_INPUTS);
  const vaeTiling = parseVaeTiling(flags.vaeTiling);
  const { memory } = engineSpeed(flags);
  const resident = parseChoice('--resident', flags.resident, RESIDENT);
  if (inputs.length === 0 && flags.prompt === undefined) {
    throw new RefineError('USAGE_CONFLICT', 'Expected a manifest of prompts, or --prompt; found neither.');
  }
  const embeddings = parseEmbeddings(flags.embedding, context.cwd());
  const loras = { base: parseLoras(flags.baseLora, context.cwd()), refiner: parseLoras(flags.lora, context.cwd()) };
  expectDistinct([...loras.base, ...loras.refiner]);
  if (mode === 'base' && loras.refiner.length > 0) {
    throw new RefineError(
      'USAGE_CONFLICT',
      '--lora is for the refiner, which --mode base does without. Give --base-lora.',
    );
  }
  const baseName = flags.base ?? basename(BUNDLED_BASE);
  return {
    command: 'generate',
    names: { model: mode === 'base' ? baseName : (flags.model ?? basename(BUNDLED_MODEL)), baseModel: baseName },
    loras: [...loras.base, ...loras.refiner],
    parse: generateRowParser({ mode, stageInput, keepsLatents: flags.saveLatents === true }),
    readDefaults: (speed = parseSpeed(flags)) => readDefaults({ ...flags, speed }, mode, context),
    demos: [
      ...(flags.base === undefined ? (['base'] as const) : []),
      ...(flags.model === undefined && mode !== 'base' ? (['refiner'] as const) : []),
    ],
    createWork: async ({ devices, precision, batchSize, outputFolder, part, resumes, namedLoras, signal }) => {
      const vae = flags.vae === undefined ? null : existingForm(resolve(context.cwd(), flags.vae));
      const engine = async (
        model: string | undefined,
        bundled: string,
        name: string | undefined,
        modelLoras: readonly LoraChoice[],
      ): Promise<RunnerOptions> => ({
        model: await resolveModel(model ?? bundled, context, { signal, quiet: flags.quiet === true }),
        modelName: name ?? basename(bundled),
        vae,
        vaeTiling,
        memory,
        loras: [...modelLoras, ...namedLoras],
        embeddings,
        devices,
        precision,
        batchSize,
      });
      return createGenerateProcessor({
        base: await engine(flags.base, BUNDLED_BASE, names.base, loras.base),
        refiner: mode === 'base' ? null : await engine(flags.model, BUNDLED_MODEL, names.refiner, loras.refiner),
        resident,
        handoffFolder: join(outputFolder, `.sdxl-refine-latents${part}`),
        resumes,
      });
    },
  };
};
