/** `sdxl-refine batch`: arguments, options and help; `run-batch-command.ts` runs it. */
import { Command } from 'commander';
import { METADATA_KEYS } from '../../../run/manifest/rows/embedded-values.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { configText, mergeConfig } from '../config/config.js';
import { addBatchSize, addDeviceOptions, addVaeTiling, STORED_OTHERWISE } from '../options/device-options.js';
import { collect } from '../options/lora-options.js';
import { addRowOptions } from '../options/row-options.js';
import { addSafetyOptions } from '../options/safety-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

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
    .option('-o, --output-dir <folder>', 'output folder for pictures and results.jsonl', 'refined')
    .option('--recursive', 'include subfolders')
    .option('--resume', 'continue an earlier run: skip rows that finished with the same input and settings')
    .option('--retry-failed', 'continue an earlier run and retry its failed rows')
    .option('--append', 'add rows to a finished run in the same folder; replaces no existing file')
    .option(
      '--verify',
      'with --resume or --append: check the bytes of finished outputs, and redo rows whose output has changed',
    )
    .option(
      '--prune',
      'with --resume or --overwrite: delete result lines and pictures of earlier runs that no row produces any more',
    )
    .option('--dry-run', 'validate rows, picture headers and the model, and count UNet calls; refine nothing')
    .option('--limit <n>', 'process only the first n rows')
    .option(
      '--seed-mode <name>',
      'seed of rows without one: fixed (the same for all), increment (--seed, --seed + 1, …) or random (default: fixed)',
    )
    .option(
      '--shard <i/n|auto>',
      'process part i of n, to share a run among machines; auto reads i and n from the task of Kubernetes, Slurm, AWS Batch, Azure ML or Google Batch, auto/n only i; results go to results-<i>-of-<n>.jsonl',
    )
    .option('--error-threshold <n>', 'stop after more than n failed rows; -1: never', '-1')
    .option('--predictions-csv <file>', 'also write the headerless CSV of an Azure batch endpoint')
    .optionsGroup(PICTURES)
    .option(
      '-y, --overwrite',
      'replace existing outputs; without it, an existing output stops the run before the first row',
    )
    .option(
      '--from-metadata <keys|none>',
      'settings to read from a picture’s embedded metadata, unless the row or an option gives them: ' +
        `${METADATA_KEYS.join(', ')} (default: prompt and negative_prompt, for rows without a prompt)`,
    )
    .option('--no-metadata', 'do not copy the source’s metadata (EXIF, DPI), and do not embed the settings')
    .optionsGroup(MODEL)
    .option(
      '-m, --model <folder|file|id>',
      'SDXL refiner: a folder (diffusers layout or ONNX export), a single-file checkpoint or a Hugging Face id (default: the small bundled one)',
    )
    .option('--vae <folder|file>', 'VAE to use instead of the model’s own, such as sdxl-vae-fp16-fix')
    .option(
      '--embedding <name=file>',
      'textual inversion (safetensors) and its name in prompts; may be repeated',
      collect,
    )
    .option(
      '-l, --lora <file[:weight]>',
      'LoRA, LoCon or DoRA for the model (default weight: 1); may be repeated',
      collect,
    )
    .option(
      '--lora-dir <folder>',
      'folder of LoRAs that prompts (<lora:name:weight>, syntax a1111 or comfy) and lora_weights use by name',
    )
    .optionsGroup(DEVICE);
  addBatchSize(addDeviceOptions(command, STORED_OTHERWISE));
  addVaeTiling(command)
    .optionsGroup(MESSAGES)
    .option('--json', 'write one JSON result per row to standard output, and the summary as the last line')
    .option('-q, --quiet', 'print errors only, including those of rows')
    .option(
      '--config <file>',
      'configuration file, JSON or YAML; a file sdxl-refine.json, .yaml or .yml beside the input is found, and may set picture settings only',
    )
    .option('--no-config', 'read no configuration file')
    .option('--print-config', 'print every setting with its source, and exit')
    .optionsGroup(SAFETY);
  addRowOptions(addSafetyOptions(command), 'batch');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<BatchFlags>(command, inputs, context);
    if (printConfig === true) {
      const { findModelDefaults } = await import('../options/model-defaults.js');
      const modelDefaults = await findModelDefaults(config.flags.model ?? BUNDLED_MODEL, context);
      context.stdout.write(configText(config, modelDefaults));
      return;
    }
    /* Imported on demand, so that help and completion stay fast. */
    const { runBatchCommand } = await import('./run-batch-command.js');
    setExitCode(await runBatchCommand(inputs, config, context));
  });
};
