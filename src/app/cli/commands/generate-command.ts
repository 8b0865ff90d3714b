/** `sdxl-refine generate`: what it takes and says; `run-batch-command.ts` does it. */
import { Command } from 'commander';
import { DEVICE, MESSAGES, MODEL, PICTURES, SAFETY } from './batch-command.js';
import { configText, mergeConfig } from '../config/config.js';
import type { GenerateFlags } from './generate-run.js';
import { addCacheWeights } from '../options/cache-weights.js';
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
    .description('Makes pictures of prompts with a base model, alone or with the refiner after it.')
    .summary('Makes pictures of prompts, with a base model and the refiner.')
    .argument(
      '[input...]',
      'manifests of prompts (.jsonl, .ndjson, .csv, .tsv), - for JSON lines on stdin; none: --prompt',
    )
    .optionsGroup('Run:')
    .option(
      '--mode <name>',
      'base, ensemble or two-stage; ensemble: the refiner goes on with the schedule, two-stage: it refines the picture',
      'ensemble',
    )
    .option('--stage-input <latents|picture>', 'what the second of two stages is given', 'latents')
    .option('-o, --output-dir <folder>', 'where pictures and results.jsonl go', 'generated')
    .option('--recursive', 'read the sub folders of folders of manifests too')
    .option('--resume', 'go on where an earlier run stopped: rows finished with the same settings stay')
    .option('--retry-failed', 'as --resume, and failed rows are tried again')
    .option('--append', 'add the rows to those of a finished run in the same folder; nothing that is there is replaced')
    .option(
      '--verify',
      'with --resume or --append: read finished outputs too, and do again those whose bytes are not as they were written',
    )
    .option(
      '--prune',
      'with --resume or --overwrite: remove lines and pictures of earlier runs that no row writes any more',
    )
    .option('--dry-run', 'validate rows, open the models, count the cost; run nothing')
    .option('--limit <n>', 'only the first n pictures')
    .option(
      '--seed-mode <name>',
      'seed of pictures that bring none: fixed (the same for all), increment (--seed, --seed + 1, …) or random (default: fixed)',
    )
    .option('--shard <i/n>', 'only part i of n, for several machines; its results are results-<i>-of-<n>.jsonl')
    .option('--error-threshold <n>', 'stop after more than n failed rows; -1: never', '-1')
    .option('--predictions-csv <file>', 'write the Azure batch endpoint’s headerless CSV as well')
    .optionsGroup(PICTURES)
    .option('-y, --overwrite', 'replace outputs that exist already; otherwise they stop the run before any work')
    .option('--save-latents', 'keep the base model’s latents beside each picture, as safetensors')
    .option('--no-metadata', 'write nothing about the run into pictures')
    .optionsGroup(MODEL)
    .option('--base <folder|file|id>', 'SDXL base model (default: the small bundled one)')
    .option('-m, --model <folder|file|id>', 'SDXL refiner (default: the small bundled one)')
    .option('--vae <folder|file>', 'VAE to use instead of the models’ own')
    .option(
      '--embedding <name=file>',
      'a textual inversion (safetensors), by the name that prompts have for it; may be given several times',
      collect,
    )
    .option(
      '-l, --lora <file[:weight]>',
      'a LoRA, LoCon or DoRA for the refiner (default weight: 1); may be given several times',
      collect,
    )
    .option('--base-lora <file[:weight]>', 'the same for the base model', collect)
    .option(
      '--lora-dir <folder>',
      'where LoRAs are that prompts (<lora:name:weight>, in syntax a1111 and comfy) and lora_weights name',
    )
    .optionsGroup(DEVICE)
    .option('-d, --device <name>', 'auto, cpu, cuda, cuda:<number>, webgpu, dml or coreml', 'auto')
    .option(
      '--precision <name>',
      'auto, fp32, fp16 or (on the CPU) int8: of the arithmetic, whatever the weights are stored in',
      'auto',
    );
  addCacheWeights(command)
    .option('--resident <one|both|auto>', 'models in memory at a time; auto: both where they have ample room', 'auto')
    .option(
      '--vae-tiling <name>',
      'run the VAE over row strips, to save memory: auto (where memory is short), on or off; the strips are exact, not blended tiles',
      'auto',
    )
    .optionsGroup(MESSAGES)
    .option('--json', 'one result line a picture on standard output, and a last line with the summary')
    .option('-q, --quiet', 'no progress and no summary; only errors, of rows too')
    .option(
      '--config <file>',
      'settings as JSON or YAML; sdxl-refine.json, .yaml or .yml beside the input is found, for what a picture is',
    )
    .option('--no-config', 'no configuration file')
    .option('--print-config', 'print every setting and where it is from, and run nothing')
    .optionsGroup(SAFETY);
  addRowOptions(addSafetyOptions(command), 'generate');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<GenerateFlags>(command, inputs, context);
    /* Loaded where it is needed: help and completion do not wait for it. */
    const { defaultsByOption, generateKind } = await import('./generate-run.js');
    if (printConfig === true) {
      context.stdout.write(configText(config, await defaultsByOption(config, context)));
      return;
    }
    const { runBatchCommand } = await import('./run-batch-command.js');
    setExitCode(await runBatchCommand(inputs, config, context, generateKind(inputs, config.flags, context)));
  });
};
