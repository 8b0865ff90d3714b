/** Options of content safety, which `batch`, `generate`, `serve` and `score` have in common; `safety-options.ts` reads them. */
import type { Command } from 'commander';
import { collect } from './lora-options.js';

export interface SafetyFlags {
  contentSafety?: string;
  safetyBlockAt?: string;
  /** Names, or names with commas between them. */
  safetyBlocklist?: string | readonly string[];
  safetyModel?: string;
  safetyFail?: string;
  quiet?: boolean;
}

export const addSafetyOptions = (command: Command): Command =>
  command
    .option(
      '--content-safety <name>',
      'screen prompts and pictures: azure (CONTENT_SAFETY_ENDPOINT, CONTENT_SAFETY_KEY), local (pictures only) or off (default: off)',
    )
    .option(
      '--safety-block-at <levels>',
      'block from this severity on, or by category: sexual=4,violence=2 (default: 2 of azure’s 0 to 6, 0.5 of local’s 0 to 1)',
    )
    .option('--safety-blocklist <names>', 'blocklists of the azure resource; may be given again', collect)
    .option('--safety-model <folder|file>', 'image classifier for local: ONNX, with its config.json')
    .option(
      '--safety-fail <name>',
      'rows that nobody could screen: closed (they fail) or open (they pass) (default: closed)',
    );
