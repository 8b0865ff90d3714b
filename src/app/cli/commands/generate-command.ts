/** `sdxl-refine generate`: arguments, options and help; `run-batch-command.ts` runs it. */
import { Command } from 'commander';
import { DEVICE, MESSAGES, MODEL, PICTURES, SAFETY } from './batch-command.js';
import { configText, mergeConfig } from '../config/config.js';
import type { GenerateFlags } from './generate-run.js';
import { addBatchSize, addDeviceOptions, addVaeTiling, STORED_OTHERWISE } from '../options/device-options.js';
import { collect } from '../options/lora-options.js';
import { addRowOptions } from '../options/row-options.js';
import { addSafetyOptions } from '../options/safety-flags.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine generate -p "red panda"',
    'sdxl-refine generate -p "red panda" --mode two-stage -s 0.3 --count 4',
    'sdxl-refine generate prompts.jsonl --base ./sdxl-base -m ./sdxl-refiner',
  ],
  usual: [
    '--mode',
    '--output-dir',
    '--overwrite',
    '--resume',
    '--base',
    '--model',
    '--device',
    '--prompt',
    '--negative-prompt',
    '--count',
    '--seed',
  ],
  notes: `A row of prompts.jsonl:
  {"prompt": "a red panda", "width": 1024, "height": 768, "count": 2}

Every option is also a variable (SDXL_REFINE_OUTPUT_DIR) and a key of the configuration file (output_dir).

Exit codes: 0 every row is ok (or blocked by content safety), 1 some failed, 2 usage, 3 manifest, 4 model, 5 device, 6 output, 130 stopped.`,
};

export const generateCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const command = new Command('generate')
    .description('Generates pictures from prompts with a base model, alone or followed by the refiner.')
    .summary('Generates pictures from prompts with a base model and the refiner.')
    .argument(
      '[input...]',
      'manifests of prompts (.jsonl, .ndjson, .csv, .tsv), - for JSON lines on stdin; none: --prompt',
    )
    .optionsGroup('Run:')
    .option(
      '--mode <name>',
      'base, ensemble or two-stage; base: no refiner; ensemble: the refiner runs the last part of the schedule; two-stage: it refines the finished picture',
      'ensemble',
    )
    .option('--stage-input <latents|picture>', 'input of the refiner in two-stage mode', 'latents')
    .option('-o, --output-dir <folder>', 'output folder for pictures and results.jsonl', 'generated')
    .option('--recursive', 'include subfolders of manifest folders')
    .option('--resume', 'continue an earlier run: skip rows that finished with the same settings')
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
    .option('--dry-run', 'validate rows and models, and count UNet calls; generate nothing')
    .option('--limit <n>', 'process only the first n pictures')
    .option(
      '--seed-mode <name>',
      'seed of pictures without one: fixed (the same for all), increment (--seed, --seed + 1, …) or random (default: fixed)',
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
    .option('--save-latents', 'save the base model’s latents beside each picture, as safetensors')
    .option('--no-metadata', 'do not embed the settings in pictures')
    .optionsGroup(MODEL)
    .option('--base <folder|file|id>', 'SDXL base model (default: the small bundled one)')
    .option('-m, --model <folder|file|id>', 'SDXL refiner (default: the small bundled one)')
    .option('--vae <folder|file>', 'VAE to use instead of the models’ own')
    .option(
      '--embedding <name=file>',
      'textual inversion (safetensors) and its name in prompts; may be repeated',
      collect,
    )
    .option(
      '-l, --lora <file[:weight]>',
      'LoRA, LoCon or DoRA for the refiner (default weight: 1); may be repeated',
      collect,
    )
    .option('--base-lora <file[:weight]>', 'LoRA, LoCon or DoRA for the base model; may be repeated', collect)
    .option(
      '--lora-dir <folder>',
      'folder of LoRAs that prompts (<lora:name:weight>, syntax a1111 or comfy) and lora_weights use by name',
    )
    .optionsGroup(DEVICE);
  addBatchSize(addDeviceOptions(command, STORED_OTHERWISE)).option(
    '--resident <one|both|auto>',
    'models kept in memory at a time; auto: both where memory allows it',
    'auto',
  );
  addVaeTiling(command)
    .optionsGroup(MESSAGES)
    .option('--json', 'write one JSON result per picture to standard output, and the summary as the last line')
    .option('-q, --quiet', 'print errors only, including those of rows')
    .option(
      '--config <file>',
      'configuration file, JSON or YAML; a file sdxl-refine.json, .yaml or .yml beside the input is found, and may set picture settings only',
    )
    .option('--no-config', 'read no configuration file')
    .option('--print-config', 'print every setting with its source, and exit')
    .optionsGroup(SAFETY);
  addRowOptions(addSafetyOptions(command), 'generate');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<GenerateFlags>(command, inputs, context);
    /* Imported on demand, so that help and completion stay fast. */
    const { defaultsByOption, generateKind } = await import('./generate-run.js');
    if (printConfig === true) {
      context.stdout.write(configText(config, await defaultsByOption(config, context)));
      return;
    }
    const { runBatchCommand } = await import('./run-batch-command.js');
    setExitCode(await runBatchCommand(inputs, config, context, generateKind(inputs, config.flags, context)));
  });
};
