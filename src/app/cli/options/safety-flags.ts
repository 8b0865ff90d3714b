/** Options of content safety, common to `batch`, `generate`, `serve` and `score`; `safety-options.ts` parses them. */
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
      'lowest severity to block, also by category: sexual=4,violence=2 (default: azure 2 of 0 to 6, local 0.5 of 0 to 1)',
    )
    .option('--safety-blocklist <names>', 'blocklists of the Azure resource; may be repeated', collect)
    .option('--safety-model <folder|file>', 'image classifier for local: ONNX, with its config.json')
    .option(
      '--safety-fail <name>',
      'rows that could not be screened: closed (they fail) or open (they pass) (default: closed)',
    );
