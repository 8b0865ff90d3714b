/** Type of the options of commands that run rows. */

/** Options as commander gives them, camel-cased, including row keys. */
export interface BatchFlags extends Readonly<Record<string, string | boolean | readonly string[] | undefined>> {
  model?: string;
  vae?: string;
  lora?: string | readonly string[];
  loraDir?: string;
  embedding?: string | readonly string[];
  vaeTiling: string;
  cacheWeights?: boolean;
  outputDir: string;
  overwrite?: boolean;
  resume?: boolean;
  append?: boolean;
  prune?: boolean;
  verify?: boolean;
  retryFailed?: boolean;
  dryRun?: boolean;
  json?: boolean;
  quiet?: boolean;
  limit?: string;
  shard?: string;
  seedMode?: string;
  errorThreshold: string;
  predictionsCsv?: string;
  contentSafety?: string;
  safetyBlockAt?: string;
  safetyBlocklist?: string | readonly string[];
  safetyModel?: string;
  safetyFail?: string;
  recursive?: boolean;
  fromMetadata?: string;
  /** False after `--no-metadata`. */
  metadata?: boolean;
  device: string;
  /** Not of `refine`. */
  batchSize?: string;
  precision: string;
  speed: string;
}
