/** Options that `batch` and `generate` share, beside those of `device-options.ts`, `row-options.ts` and `safety-flags.ts`. */
import type { Command } from 'commander';
import { collect } from './lora-options.js';

/** What differs in the help. */
interface Words {
  /** What a run makes of a row. */
  noun: 'row' | 'picture';
  /** What `--resume` compares. */
  compared: string;
  dryRun: string;
}

/** The run and its output folder. */
export const addRunOptions = (command: Command, { noun, compared, dryRun }: Words): Command =>
  command
    .option('--resume', `continue an earlier run: skip rows that finished with the same ${compared}`)
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
    .option('--dry-run', dryRun)
    .option('--limit <n>', `process only the first n ${noun}s`)
    .option(
      '--seed-mode <name>',
      `seed of ${noun}s without one: fixed (the same for all), increment (--seed, --seed + 1, …) or random (default: fixed)`,
    )
    .option(
      '--shard <i/n|auto>',
      'process part i of n, to share a run among machines; auto reads i and n from the task of Kubernetes, Slurm, AWS Batch, Azure ML or Google Batch, auto/n only i; results go to results-<i>-of-<n>.jsonl',
    )
    .option('--error-threshold <n>', 'stop after more than n failed rows; -1: never', '-1')
    .option('--predictions-csv <file>', 'also write the headerless CSV of an Azure batch endpoint');

export const addOverwrite = (command: Command): Command =>
  command.option(
    '-y, --overwrite',
    'replace existing outputs; without it, an existing output stops the run before the first row',
  );

/** Adapters of the refiner, and embeddings. */
export const addEmbeddingAndLora = (command: Command, model: string): Command =>
  command
    .option(
      '--embedding <name=file>',
      'textual inversion (safetensors) and its name in prompts; may be repeated',
      collect,
    )
    .option(
      '-l, --lora <file[:weight]>',
      `LoRA, LoCon or DoRA for the ${model} (default weight: 1); may be repeated`,
      collect,
    );

export const addLoraDir = (command: Command): Command =>
  command.option(
    '--lora-dir <folder>',
    'folder of LoRAs that prompts (<lora:name:weight>, syntax a1111 or comfy) and lora_weights use by name',
  );

export const addMessageOptions = (command: Command, { noun }: Pick<Words, 'noun'>): Command =>
  command
    .option('--json', `write one JSON result per ${noun} to standard output, and the summary as the last line`)
    .option('-q, --quiet', 'print errors only, including those of rows')
    .option(
      '--config <file>',
      'configuration file, JSON or YAML; a file sdxl-refine.json, .yaml or .yml beside the input is found, and may set picture settings only',
    )
    .option('--no-config', 'read no configuration file')
    .option('--print-config', 'print every setting with its source, and exit');
