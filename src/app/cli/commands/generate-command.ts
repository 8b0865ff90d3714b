/** `sdxl-refine generate`: arguments, options and help; `run-batch-command.ts` runs it. */
import { Command } from 'commander';
import { DEVICE, MESSAGES, MODEL, PICTURES, SAFETY } from './batch-command.js';
import { configText, mergeConfig } from '../config/config.js';
import type { GenerateFlags } from './generate-run.js';
import { addBatchSize, addDeviceOptions, addVaeTiling, STORED_OTHERWISE } from '../options/device-options.js';
import { collect } from '../options/lora-options.js';
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
  noun: 'picture',
  compared: 'settings',
  dryRun: 'validate rows and models, and count UNet calls; generate nothing',
} as const;

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine generate -p "red panda"',
    'sdxl-refine generate -p "red panda" -o panda.png',
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
    .option(
      '-o, --output-dir <folder>',
      'folder for pictures and results.jsonl; a file or -: the one picture of --prompt',
      'generated',
    )
    .option('--recursive', 'include subfolders of manifest folders');
  addOverwrite(addRunOptions(command, RUN).optionsGroup(PICTURES))
    .option('--save-latents', 'save the base model’s latents beside each picture, as safetensors')
    .option('--no-metadata', 'do not embed the settings in pictures')
    .optionsGroup(MODEL)
    .option('--base <folder|file|id>', 'SDXL base model (default: the small bundled one)')
    .option('-m, --model <folder|file|id>', 'SDXL refiner (default: the small bundled one)')
    .option('--vae <folder|file>', 'VAE to use instead of the models’ own');
  addLoraDir(
    addEmbeddingAndLora(command, 'refiner').option(
      '--base-lora <file[:weight]>',
      'LoRA, LoCon or DoRA for the base model; may be repeated',
      collect,
    ),
  ).optionsGroup(DEVICE);
  addBatchSize(addDeviceOptions(command, STORED_OTHERWISE)).option(
    '--resident <one|both|auto>',
    'models kept in memory at a time; auto: both where memory allows it',
    'auto',
  );
  addMessageOptions(addVaeTiling(command).optionsGroup(MESSAGES), RUN).optionsGroup(SAFETY);
  addRowOptions(addSafetyOptions(command), 'generate');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<GenerateFlags>(command, inputs, context);
    /* Imported on demand, so that help and completion stay fast. */
    const { defaultsByOption, generateKind } = await import('./generate-run.js');
    if (printConfig === true) {
      context.stdout.write(configText(config, await defaultsByOption(config, context)));
      return;
    }
    const { isPictureName } = await import('../options/output-place.js');
    if (inputs.length === 0 && (await isPictureName(config.flags.outputDir, context.cwd()))) {
      const { generatePicture } = await import('./generate-picture.js');
      setExitCode(await generatePicture(config, context));
      return;
    }
    const { runBatchCommand } = await import('./run-batch-command.js');
    setExitCode(await runBatchCommand(inputs, config, context, generateKind(inputs, config.flags, context)));
  });
};
