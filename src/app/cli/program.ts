/** The command line's shape. What commands do is in their own files. */
import { Command } from 'commander';
import { batchCommand } from './commands/batch-command.js';
import { cacheCommand } from './commands/cache-command.js';
import { colorOptions, type ColorChoice } from './progress/color-choice.js';
import { compareCommand } from './commands/compare-command.js';
import { completeCommand, completionCommand } from './commands/completion-command.js';
import { doctorCommand } from './commands/doctor-command.js';
import { generateCommand } from './commands/generate-command.js';
import { helpConfiguration, helpTextsOf, setHelpTexts } from './help-text.js';
import { modelsCommand } from './commands/models-command.js';
import { scoreCommand } from './commands/score-command.js';
import { serveCommand } from './commands/serve-command.js';
import { withNearOption } from './options/near-option.js';
import type { Surroundings } from './process-context.js';
import { packageVersion } from './package-version.js';
import { refineCommand } from './commands/refine-command.js';

/** Where there is no terminal. */
const PLAIN_WIDTH = 80;

/**
 * @param setExitCode called by a command that ends otherwise than with 0
 * @param hasFullHelp help has every option
 */
export const buildProgram = (
  around: Surroundings,
  setExitCode: (code: number) => void,
  hasFullHelp = false,
): Command => {
  const program = new Command('sdxl-refine')
    .description("Refines pictures with Stable Diffusion XL's refiner, one or many.")
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: around.stderr.write,
      getOutHelpWidth: () => around.stdout.columns ?? PLAIN_WIDTH,
      getErrHelpWidth: () => (around.stderr.isTTY ? around.stderr.columns : PLAIN_WIDTH),
    })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .helpOption('-h, --help', 'this help; --help all: every option')
    .helpCommand(false)
    .configureHelp(helpConfiguration(hasFullHelp));
  const batch = batchCommand(around, setExitCode);
  const refine = refineCommand(around, setExitCode, batch);
  program.addCommand(refine.copyInheritedSettings(program), { isDefault: true });
  program.addCommand(batch.copyInheritedSettings(program));
  program.addCommand(generateCommand(around, setExitCode).copyInheritedSettings(program));
  program.addCommand(serveCommand(around).copyInheritedSettings(program));
  program.addCommand(scoreCommand(around).copyInheritedSettings(program));
  program.addCommand(compareCommand(around).copyInheritedSettings(program));
  program.addCommand(doctorCommand(around, setExitCode).copyInheritedSettings(program));
  program.addCommand(modelsCommand(around, setExitCode).copyInheritedSettings(program));
  program.addCommand(cacheCommand(around, setExitCode).copyInheritedSettings(program));
  for (const command of program.commands.flatMap((one) => (one.commands.length > 0 ? one.commands : [one])))
    for (const option of colorOptions()) command.addOption(option);
  program.addCommand(completionCommand(around).copyInheritedSettings(program));
  program.addCommand(completeCommand(around).copyInheritedSettings(program), { hidden: true });
  for (const command of program.commands) {
    command.configureOutput({
      outputError: (text, write) => {
        write(withNearOption(text, command));
      },
    });
  }
  program.hook('preAction', (_, command) => {
    around.stderr.chooseColors(command.opts<{ color?: ColorChoice }>().color);
  });
  return setHelpTexts(program, {
    examples: [
      'sdxl-refine cat.png -p "a cat in the snow" -o snow.png',
      'sdxl-refine batch manifest.jsonl -m ./sdxl-refiner -o refined',
      'sdxl-refine generate -p "a lighthouse at dusk" --count 4',
    ],
    usual: helpTextsOf(refine).usual,
  });
};
