/** The differences of `batch` from `generate`: its rows, and one model. */
import { basename, resolve } from 'node:path';
import { existingForm } from '../../../io/files/unicode-form.js';
import { createRefineProcessor } from '../../../run/batch/refine-processor.js';
import { createRunner } from '../../../run/engine/create-runner.js';
import { parseBatchRow } from '../../../run/manifest/rows/parse-row.js';
import type { RunKind } from './run-kind.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { parseEmbeddings } from '../options/embedding-options.js';
import { parseLoras } from '../options/lora-options.js';
import { findModelDefaults } from '../options/model-defaults.js';
import { resolveModel } from '../options/resolve-model.js';
import { parseVaeTiling } from '../options/run-options.js';
import { engineSpeed, parseSpeed, withSpeed } from '../options/speed.js';
import type { ProcessContext } from '../process-context.js';

/** Runs of `batch`. @param modelName the model in results, if not as `--model` names it */
export const batchKind = (
  flags: BatchFlags,
  context: ProcessContext,
  modelName = flags.model ?? basename(BUNDLED_MODEL),
): RunKind => {
  const vaeTiling = parseVaeTiling(flags.vaeTiling);
  const { memory } = engineSpeed(flags);
  const loras = parseLoras(flags.lora, context.cwd());
  const embeddings = parseEmbeddings(flags.embedding, context.cwd());
  return {
    command: 'batch',
    parse: parseBatchRow,
    names: { model: modelName },
    loras,
    demos: flags.model === undefined ? ['refiner'] : [],
    readDefaults: async (speed = parseSpeed(flags)) => {
      const own = await findModelDefaults(flags.model ?? BUNDLED_MODEL, context);
      return { modelDefaults: withSpeed({ speed }, 'refiner', own) };
    },
    createWork: async ({ devices, precision, batchSize, namedLoras, signal }) => {
      const model = await resolveModel(flags.model ?? BUNDLED_MODEL, context, { signal, quiet: flags.quiet === true });
      const vae = flags.vae === undefined ? null : existingForm(resolve(context.cwd(), flags.vae));
      const all = [...loras, ...namedLoras];
      return createRefineProcessor(
        createRunner({
          model,
          modelName,
          vae,
          vaeTiling,
          memory,
          loras: all,
          embeddings,
          devices,
          precision,
          batchSize,
        }),
      );
    },
  };
};
