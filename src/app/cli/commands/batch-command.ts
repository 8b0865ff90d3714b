/** `sdxl-refine batch`: what it takes and says; `run-batch-command.ts` does it. */
import { Command } from 'commander';
import { METADATA_KEYS } from '../../../run/manifest/rows/embedded-values.js';
import type { BatchFlags } from './batch-run.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { configText, mergeConfig } from '../config/config.js';
import { addCacheWeights } from '../options/cache-weights.js';
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

/** Headings of the options; `refine` has those that a single picture needs. */
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
    .option('-o, --output-dir <folder>', 'where pictures and results.jsonl go', 'refined')
    .option('--recursive', 'read the sub folders of folders too')
    .option('--resume', 'go on where an earlier run stopped: rows finished with the same input and settings stay')
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
    .option('--dry-run', 'validate rows, open pictures’ headers and the model, count the cost; run nothing')
    .option('--limit <n>', 'only the first n rows')
    .option(
      '--seed-mode <name>',
      'seed of rows that bring none: fixed (the same for all), increment (--seed, --seed + 1, …) or random (default: fixed)',
    )
    .option('--shard <i/n>', 'only part i of n, for several machines; its results are results-<i>-of-<n>.jsonl')
    .option('--error-threshold <n>', 'stop after more than n failed rows; -1: never', '-1')
    .option('--predictions-csv <file>', 'write the Azure batch endpoint’s headerless CSV as well')
    .optionsGroup(PICTURES)
    .option('-y, --overwrite', 'replace outputs that exist already; otherwise they stop the run before any work')
    .option(
      '--from-metadata <keys|none>',
      'what to take from pictures’ own metadata where row and option say nothing: ' +
        `${METADATA_KEYS.join(', ')} (default: prompt and negative_prompt, for rows without a prompt)`,
    )
    .option('--no-metadata', 'keep nothing that the source said of itself (EXIF, DPI), and write nothing about the run')
    .optionsGroup(MODEL)
    .option(
      '-m, --model <folder|file|id>',
      'SDXL refiner: a folder (diffusers layout, or an export to ONNX) or a one-file checkpoint (default: the small bundled one)',
    )
    .option('--vae <folder|file>', 'a VAE to use instead of the model’s own (such as SDXL’s fp16-fix)')
    .option(
      '--embedding <name=file>',
      'a textual inversion (safetensors), by the name that prompts have for it; may be given several times',
      collect,
    )
    .option(
      '-l, --lora <file[:weight]>',
      'a LoRA, LoCon or DoRA for the model (default weight: 1); may be given several times',
      collect,
    )
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
    .option(
      '--vae-tiling <name>',
      'run the VAE over row strips, to save memory: auto (where memory is short), on or off; the strips are exact, not blended tiles',
      'auto',
    )
    .optionsGroup(MESSAGES)
    .option('--json', 'one result line a row on standard output, and a last line with the summary')
    .option('-q, --quiet', 'no progress and no summary; only errors, of rows too')
    .option(
      '--config <file>',
      'settings as JSON or YAML; sdxl-refine.json, .yaml or .yml beside the input is found, for what a picture is',
    )
    .option('--no-config', 'no configuration file')
    .option('--print-config', 'print every setting and where it is from, and run nothing')
    .optionsGroup(SAFETY);
  addRowOptions(addSafetyOptions(command), 'batch');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<BatchFlags>(command, inputs, context);
    if (printConfig === true) {
      const { findModelDefaults } = await import('../options/model-defaults.js');
      const brought = await findModelDefaults(config.flags.model ?? BUNDLED_MODEL, context);
      context.stdout.write(configText(config, brought));
      return;
    }
    /* Loaded where it is needed: help and completion do not wait for it. */
    const { runBatchCommand } = await import('./run-batch-command.js');
    setExitCode(await runBatchCommand(inputs, config, context));
  });
};
