/** `sdxl-refine batch`: arguments, options and help; `run-batch-command.ts` runs it. */
import { Command } from 'commander';
import { METADATA_KEYS } from '../../../run/manifest/rows/embedded-values.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { configText, mergeConfig } from '../config/config.js';
import { addBatchSize, addDeviceOptions, addVaeTiling, STORED_OTHERWISE } from '../options/device-options.js';
import {
  addEmbeddingAndLora,
  addLoraDir,
  addMessageOptions,
  addOverwrite,
  addRunOptions,
} from '../options/run-flags.js';
import { addRowOptions } from '../options/row-options.js';
import { addSafetyOptions } from '../options/safety-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const RUN = {
  noun: 'row',
  compared: 'input and settings',
  dryRun: 'validate rows, picture headers and the model, and count UNet calls; refine nothing',
} as const;

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine batch manifest.jsonl',
    'sdxl-refine batch manifest.csv -m ./sdxl-refiner -o refined -s 0.25',
    'sdxl-refine batch pictures -p "a photograph"',
    'make-rows | sdxl-refine batch - --json | jq .status',
  ],
  usual: [
    '--output-dir',
    '--overwrite',
    '--resume',
    '--dry-run',
    '--model',
    '--device',
    '--prompt',
    '--negative-prompt',
    '--strength',
    '--steps',
    '--seed',
  ],
  notes: `A row of manifest.jsonl:
  {"image": "cat.png", "prompt": "a cat in the snow", "strength": 0.3}

Every option is also a variable (SDXL_REFINE_OUTPUT_DIR) and a key of the configuration file (output_dir).

Exit codes: 0 every row is ok (or blocked by content safety), 1 some failed, 2 usage, 3 manifest, 4 model, 5 device, 6 output, 130 stopped.`,
};

/** Headings of options; `refine` takes some of them over. */
export const PICTURES = 'Pictures:';
export const MODEL = 'Model:';
export const DEVICE = 'Device:';
export const SAFETY = 'Content safety:';
export const MESSAGES = 'Messages and configuration:';

export const batchCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const command = new Command('batch')
    .description('Refines every row of the inputs: a prompt and a picture each.')
    .argument(
      '<input...>',
      'manifests (.jsonl, .ndjson, .csv, .tsv), pictures, folders or globs of either, - for JSON lines on stdin',
    )
    .optionsGroup('Run:')
    .option('-o, --output-dir <folder>', 'folder for pictures and results.jsonl, or s3://, gs://, az://', 'refined')
    .option('--recursive', 'include subfolders');
  addOverwrite(addRunOptions(command, RUN).optionsGroup(PICTURES))
    .option(
      '--from-metadata <keys|all|none>',
      'settings to read from a picture’s embedded metadata, unless the row or an option gives them: ' +
        `${METADATA_KEYS.join(', ')} (default: prompt and negative_prompt, for rows without a prompt)`,
    )
    .option('--no-metadata', 'do not copy the source’s metadata (EXIF, DPI), and do not embed the settings')
    .optionsGroup(MODEL)
    .option(
      '-m, --model <folder|file|id>',
      'SDXL refiner: a folder (diffusers layout or ONNX export), a single-file checkpoint or a Hugging Face id (default: the small bundled one)',
    )
    .option('--vae <folder|file>', 'VAE to use instead of the model’s own, such as sdxl-vae-fp16-fix');
  addLoraDir(addEmbeddingAndLora(command, 'model')).optionsGroup(DEVICE);
  addBatchSize(addDeviceOptions(command, STORED_OTHERWISE));
  addMessageOptions(addVaeTiling(command).optionsGroup(MESSAGES), RUN).optionsGroup(SAFETY);
  addRowOptions(addSafetyOptions(command), 'batch');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<BatchFlags>(command, inputs, context);
    if (printConfig === true) {
      const { findModelDefaults } = await import('../options/model-defaults.js');
      const { withSpeed } = await import('../options/speed.js');
      const own = await findModelDefaults(config.flags.model ?? BUNDLED_MODEL, context);
      const modelDefaults = withSpeed(config.flags, 'refiner', own);
      context.stdout.write(configText(config, modelDefaults));
      return;
    }
    /* Imported on demand, so that help and completion stay fast. */
    const { runBatchCommand } = await import('./run-batch-command.js');
    setExitCode(await runBatchCommand(inputs, config, context));
  });
};
