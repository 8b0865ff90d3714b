/** `sdxl-refine <picture>`: arguments, options and help; `refine-picture.ts` runs it. */
import { Command, type Option } from 'commander';
import { DEVICE, MESSAGES, MODEL, PICTURES, SAFETY } from './batch-command.js';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { configText, mergeConfig } from '../config/config.js';
import type { RefineFlags } from './refine-picture.js';
import { ROW_SETTINGS } from '../options/row-options.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine cat.png -p "a cat in the snow"',
    'sdxl-refine cat.png -p "a cat in the snow" -o snow.jpg -s 0.25',
    'curl -s https://example.com/cat.png | sdxl-refine - -p "a cat" > cat.png',
  ],
  usual: [
    '--prompt',
    '--negative-prompt',
    '--output',
    '--overwrite',
    '--strength',
    '--steps',
    '--guidance-scale',
    '--seed',
    '--model',
    '--device',
  ],
  notes: `Every option is also a variable (SDXL_REFINE_STRENGTH) and a key of the configuration file (strength).

Exit codes: 0 refined, 1 failed or blocked by content safety, 2 usage, 4 model, 5 device, 6 output, 130 stopped.`,
};

/** Headings of `batch` whose options also apply to one picture. */
const HEADINGS: readonly (string | undefined)[] = [PICTURES, MODEL, DEVICE, SAFETY, MESSAGES, ROW_SETTINGS];

/** Options with another meaning for one picture, or with none. */
const OWN = ['overwrite', 'json', 'batchSize'];

/** @param batch the command whose options are reused */
export const refineCommand = (
  context: ProcessContext,
  setExitCode: (code: number) => void,
  batch: Command,
): Command => {
  const command = new Command('refine')
    .description('Refines one picture. The command may be left out.')
    .usage('[options] <picture>')
    .argument('[picture...]', 'a file, an http(s) URL, or - for standard input')
    .optionsGroup(PICTURES)
    .option(
      '-o, --output <file>',
      'output file or folder, or - for standard output; the extension of a file sets its format (default: <name>-refined.png beside it)',
    )
    .option('-y, --overwrite', 'replace an existing output file without asking');
  const isShared = (option: Option): boolean =>
    HEADINGS.includes(option.helpGroupHeading) && !OWN.includes(option.attributeName());
  for (const option of batch.options.filter(isShared)) command.addOption(option);
  command.optionsGroup(MESSAGES).option('--json', 'write the result to standard output as one line of JSON');
  return setHelpTexts(command, HELP).action(async (inputs: string[], { printConfig }: { printConfig?: boolean }) => {
    const config = await mergeConfig<RefineFlags>(command, inputs, context);
    if (printConfig === true) {
      const { findModelDefaults } = await import('../options/model-defaults.js');
      const { withSpeed } = await import('../options/speed.js');
      const own = await findModelDefaults(config.flags.model ?? BUNDLED_MODEL, context);
      const modelDefaults = withSpeed(config.flags, 'refiner', own);
      context.stdout.write(configText(config, modelDefaults));
      return;
    }
    /* Imported on demand, so that help and completion stay fast. */
    const { refinePicture } = await import('./refine-picture.js');
    setExitCode(await refinePicture(inputs, config, context));
  });
};
