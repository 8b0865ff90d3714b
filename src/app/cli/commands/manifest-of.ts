/** The manifest of a command's inputs and options, for `batch`, `generate` and `enqueue`. */
import type { Manifest } from '../../../run/manifest/read-rows.js';
import { parseMetadataKeys } from '../../../run/manifest/rows/embedded-values.js';
import { SEED_MODES } from '../../../run/manifest/rows/row-seed.js';
import type { BatchFlags } from '../options/batch-flags.js';
import { readInfotextMetadata, readPictureMetadata } from '../options/metadata-values.js';
import { rowOptions } from '../options/read-row-options.js';
import { parseChoice } from '../options/run-options.js';
import { spoolStdinManifest } from '../options/stdin-manifest.js';
import type { ProcessContext } from '../process-context.js';

export interface ManifestSource extends Pick<Manifest, 'command' | 'parse'>, Required<Pick<Manifest, 'loras'>> {
  /** Temporary folder of the run. */
  scratch: string;
  /** Seed of rows without a seed. */
  runSeed: number;
  /** A folder, or a URI of object storage: its pictures are no input. */
  outputFolder: string;
  signal: AbortSignal;
  /** Keys and values of the only row of a run without inputs. */
  row?: Manifest['row'];
}

/** @returns without the models' defaults @throws USAGE_* MANIFEST_UNREADABLE, the signal's reason */
export const manifestOf = async (
  inputs: readonly string[],
  flags: BatchFlags,
  context: ProcessContext,
  { command, parse, loras, scratch, runSeed, outputFolder, signal, row }: ManifestSource,
): Promise<Manifest> => ({
  command,
  parse,
  inputs,
  ...(row === undefined ? {} : { row }),
  cwd: context.cwd(),
  ...(inputs.includes('-')
    ? { stdinPath: await spoolStdinManifest(context, { scratch, signal, quiet: flags.quiet === true }) }
    : {}),
  recursive: flags.recursive === true,
  spoolFolder: scratch,
  outputFolder,
  options: rowOptions(flags, command),
  ...(flags.fromMetadata === undefined ? {} : { fromMetadata: parseMetadataKeys(flags.fromMetadata) }),
  readMetadata: readPictureMetadata,
  readInfotext: readInfotextMetadata,
  writeMetadata: flags.metadata !== false,
  runSeed,
  ...(flags.seedMode === undefined ? {} : { seedMode: parseChoice('--seed-mode', flags.seedMode, SEED_MODES) }),
  loras,
  signal,
});
