/** What tells a run of `generate` from one of `batch`: its rows, and two models instead of one. */
import { basename, join, resolve } from 'node:path';
import { existingForm } from '../manifest/existing-form.js';
import { generateWork } from '../batch/generate-work.js';
import type { Resident } from '../batch/resident.js';
import type { EngineOptions } from '../engine/protocol.js';
import { RefineError } from '../errors.js';
import { generateRowParser } from '../manifest/parse-generate-row.js';
import type { GenerateMode, LoraChoice, StageInput } from '../records.js';
import type { BatchFlags, RunKind } from './batch-run.js';
import { BUNDLED_BASE, BUNDLED_MODEL } from './bundled-model.js';
import { parseEmbeddings } from './embedding-options.js';
import { expectDistinct, parseLoras } from './lora-options.js';
import { resolveModel } from './resolve-model.js';
import { parseChoice, parseMemory, parseVaeTiling } from './run-options.js';
import type { Surroundings } from './surroundings.js';

export interface GenerateFlags extends BatchFlags {
  mode: string;
  base?: string;
  baseLora?: string | readonly string[];
  stageInput: string;
  resident: string;
  saveLatents?: boolean;
  prompt?: string;
}

const MODES = ['base', 'ensemble', 'two-stage'] as const satisfies readonly GenerateMode[];
const RESIDENT = ['one', 'both', 'auto'] as const satisfies readonly Resident[];
const STAGE_INPUTS = ['latents', 'picture'] as const satisfies readonly StageInput[];

/** @throws USAGE_OPTION_INVALID USAGE_CONFLICT */
export const generateKind = (inputs: readonly string[], flags: GenerateFlags, around: Surroundings): RunKind => {
  const mode = parseChoice('--mode', flags.mode, MODES);
  const stageInput = parseChoice('--stage-input', flags.stageInput, STAGE_INPUTS);
  const vaeTiling = parseVaeTiling(flags.vaeTiling);
  const memory = parseMemory(flags.memory);
  const resident = parseChoice('--resident', flags.resident, RESIDENT);
  if (inputs.length === 0 && flags.prompt === undefined) {
    throw new RefineError('USAGE_CONFLICT', 'Expected a manifest of prompts, or --prompt; found neither.');
  }
  const embeddings = parseEmbeddings(flags.embedding, around.cwd());
  const loras = { base: parseLoras(flags.baseLora, around.cwd()), refiner: parseLoras(flags.lora, around.cwd()) };
  expectDistinct([...loras.base, ...loras.refiner]);
  if (mode === 'base' && loras.refiner.length > 0) {
    throw new RefineError(
      'USAGE_CONFLICT',
      '--lora is for the refiner, which --mode base does without. Give --base-lora.',
    );
  }
  return {
    command: 'generate',
    loras: [...loras.base, ...loras.refiner],
    parse: generateRowParser({ mode, stageInput, keepsLatents: flags.saveLatents === true }),
    createWork: async ({ device, precision, outputFolder, part, resumes, signal }) => {
      const vae = flags.vae === undefined ? null : existingForm(resolve(around.cwd(), flags.vae));
      const engine = async (
        model: string | undefined,
        bundled: string,
        own: readonly LoraChoice[],
      ): Promise<EngineOptions> => ({
        model: await resolveModel(model ?? bundled, around, { signal, quiet: flags.quiet === true }),
        modelName: model ?? basename(bundled),
        vae,
        vaeTiling,
        memory,
        loras: own,
        embeddings,
        device,
        precision,
      });
      return generateWork({
        base: await engine(flags.base, BUNDLED_BASE, loras.base),
        refiner: mode === 'base' ? null : await engine(flags.model, BUNDLED_MODEL, loras.refiner),
        resident,
        handedOnFolder: join(outputFolder, `.sdxl-refine-latents${part}`),
        resumes,
      });
    },
  };
};
