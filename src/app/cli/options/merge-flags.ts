/** Type of the options of `merge`. */
import type { Keep } from '../../../run/results/merge/choose-line.js';

export interface MergeFlags {
  output?: string;
  overwrite?: boolean;
  keep?: Keep;
  allowHoles?: boolean;
  allowMixed?: boolean;
  rows?: string;
  predictionsCsv?: string;
  json?: boolean;
  quiet?: boolean;
}
