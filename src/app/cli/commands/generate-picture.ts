/** Runs `generate -o fox.png`: one picture from a prompt, into a file or to standard output, without a folder of results. */
import { RefineError } from '../../../errors.js';
import type { MergedConfig } from '../config/config.js';
import { generateKind, type GenerateFlags } from './generate-run.js';
import { makePicture } from './refine-picture.js';
import type { ProcessContext } from '../process-context.js';

/** Options that need a folder with the results of a run. */
const OF_FOLDERS = [
  'resume',
  'append',
  'retryFailed',
  'prune',
  'verify',
  'dryRun',
  'limit',
  'shard',
  'predictionsCsv',
  'saveLatents',
] as const satisfies readonly (keyof GenerateFlags)[];

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @returns the exit code @throws as `refinePicture` */
export const generatePicture = async (
  config: MergedConfig<GenerateFlags>,
  context: ProcessContext,
): Promise<number> => {
  const { flags } = config;
  const output = flags.outputDir;
  const needsFolder = OF_FOLDERS.filter((name) => flags[name] !== undefined && flags[name] !== false).map(flagOf);
  if (Number(flags.count) > 1) needsFolder.push(`--count ${flags.count}`);
  const [first] = needsFolder;
  if (first !== undefined) {
    throw new RefineError(
      'USAGE_CONFLICT',
      `${first} needs a folder, and -o ${output} is one picture: give -o <folder>.`,
    );
  }
  return makePicture(config, context, {
    output: output === '-' ? null : output,
    kind: generateKind([], flags, context),
    readInput: () => Promise.resolve(null),
  });
};
