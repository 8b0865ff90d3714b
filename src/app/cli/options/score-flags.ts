/** Options common to `serve` and `score`; `score-setup.ts` parses them. */
import type { Command } from 'commander';
import { mergeConfig } from '../config/config.js';
import { collect } from './lora-options.js';
import { addDeviceOptions, addVaeTiling } from './device-options.js';
import { addSafetyOptions, type SafetyFlags } from './safety-flags.js';
import type { ProcessContext } from '../process-context.js';

export interface ScoreFlags
  extends SafetyFlags, Readonly<Record<string, string | boolean | readonly string[] | undefined>> {
  model?: string;
  vae?: string;
  lora?: string | readonly string[];
  loraDir?: string;
  vaeTiling: string;
  cacheWeights?: boolean;
  device: string;
  /** Of `serve` only. */
  batchSize?: string;
  precision: string;
  speed: string;
  maxRows: string;
  maxPixels: string;
  fetchTimeout: string;
  quiet?: boolean;
}

export const addScoreOptions = (command: Command): Command => {
  command
    .option(
      '-m, --model <folder|file|id>',
      'SDXL refiner (default: the folder AZUREML_MODEL_DIR names, else the bundled one)',
    )
    .option('--vae <folder|file>', 'VAE to use instead of the model’s own')
    .option('-l, --lora <file[:weight]>', 'LoRA, LoCon or DoRA for the model; may be repeated', collect)
    .option(
      '--lora-dir <folder>',
      'folder of LoRAs that requests may use by name; all of them are opened at the start',
    );
  addVaeTiling(command);
  addDeviceOptions(command)
    .option('--max-rows <n>', 'most pictures of one request', '16')
    .option('--max-pixels <n>', 'most pixels of a picture, its sides rounded up to multiples of 8', String(2048 * 2048))
    .option('--fetch-timeout <n>', 'seconds that downloading a picture from its URL may take', '30')
    .option('--no-metadata', 'do not copy the source’s metadata (EXIF, DPI), and do not embed the settings')
    .option('-q, --quiet', 'errors only');
  return addSafetyOptions(command);
};

/** Merges options and `SDXL_REFINE_*`, without configuration files, which belong to batches. */
export const readFlags = async <Flags extends object>(command: Command, context: ProcessContext): Promise<Flags> => {
  command.setOptionValue('config', false);
  return (await mergeConfig<Flags>(command, [], context)).flags;
};
