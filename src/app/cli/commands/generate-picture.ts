/** Runs `generate -o fox.png`: one picture from a prompt, into a file or to standard output, without a folder of results. */
import { RefineError } from '../../../errors.js';
import type { MergedConfig } from '../config/config.js';
import { generateKind, type GenerateFlags } from './generate-run.js';
import { makePicture } from './refine-picture.js';
import type { ProcessContext } from '../process-context.js';

/** Settings of runs into a folder. Where variables or configuration files have them, they are meant for such runs. */
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
  'count',
] as const satisfies readonly (keyof GenerateFlags)[];

const settingOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @returns the exit code @throws as `refinePicture`; USAGE_CONFLICT if the command line has an option of runs into a folder */
export const generatePicture = async (
  config: MergedConfig<GenerateFlags>,
  context: ProcessContext,
): Promise<number> => {
  const { settings } = config;
  const flags = { ...config.flags };
  const output = flags.outputDir;
  for (const name of OF_FOLDERS) {
    const given = flags[name];
    Reflect.deleteProperty(flags, name);
    if (given === undefined || given === false || (name === 'count' && Number(given) <= 1)) continue;
    const setting = settingOf(name);
    if (settings[setting]?.source !== 'option') continue;
    const flag = `--${setting.replaceAll('_', '-')}${name === 'count' ? ` ${String(given)}` : ''}`;
    throw new RefineError(
      'USAGE_CONFLICT',
      `${flag} needs a folder, and -o ${output} is one picture: give -o <folder>.`,
    );
  }
  return makePicture({ ...config, flags }, context, {
    output: output === '-' ? null : output,
    kind: generateKind([], flags, context),
    readInput: () => Promise.resolve(null),
  });
};
