/** Builds the command line: the program and its commands. */
import { Command } from 'commander';
import { batchCommand } from './commands/batch-command.js';
import { cacheCommand } from './commands/cache-command.js';
import { colorOptions, type ColorChoice } from './progress/color-choice.js';
import { compareCommand } from './commands/compare-command.js';
import { collectCommand } from './commands/collect-command.js';
import { completeCommand, completionCommand } from './commands/completion-command.js';
import { devicesCommand } from './commands/devices-command.js';
import { doctorCommand } from './commands/doctor-command.js';
import { enqueueCommand } from './commands/enqueue-command.js';
import { generateCommand } from './commands/generate-command.js';
import { helpConfiguration, setHelpTexts } from './help-text.js';
import { mergeCommand } from './commands/merge-command.js';
import { modelsCommand } from './commands/models-command.js';
import { scoreCommand } from './commands/score-command.js';
import { serveCommand } from './commands/serve-command.js';
import { usageError } from './options/usage-error.js';
import type { ProcessContext } from './process-context.js';
import { packageVersion } from './package-version.js';
import { queueCommand } from './commands/queue-command.js';
import { refineCommand } from './commands/refine-command.js';
import { workCommand } from './commands/work-command.js';

/** Columns of help outside a terminal. */
const PLAIN_WIDTH = 80;

/**
 * @param setExitCode called by commands with their exit code
 * @param hasFullHelp help lists every option
 */
export const buildProgram = (
  context: ProcessContext,
  setExitCode: (code: number) => void,
  hasFullHelp = false,
): Command => {
  const program = new Command('sdxl-refine')
    .description("Refines pictures with Stable Diffusion XL's refiner, one or many.")
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: context.stderr.write,
      getOutHelpWidth: () => context.stdout.columns ?? PLAIN_WIDTH,
      getErrHelpWidth: () => (context.stderr.isTTY ? context.stderr.columns : PLAIN_WIDTH),
    })
    .exitOverride()
    .helpOption('-h, --help', 'show this help; --help all: every option')
    .helpCommand(false)
    .configureHelp(helpConfiguration(hasFullHelp));
  const batch = batchCommand(context, setExitCode);
  const refine = refineCommand(context, setExitCode, batch);
  program.addCommand(refine.copyInheritedSettings(program), { isDefault: true });
  program.addCommand(batch.copyInheritedSettings(program));
  const generate = generateCommand(context, setExitCode);
  program.addCommand(generate.copyInheritedSettings(program));
  program.addCommand(serveCommand(context).copyInheritedSettings(program));
  program.addCommand(scoreCommand(context).copyInheritedSettings(program));
  program.addCommand(mergeCommand(context).copyInheritedSettings(program));
  program.addCommand(enqueueCommand(context, setExitCode, { batch, generate }).copyInheritedSettings(program));
  program.addCommand(workCommand(context, setExitCode).copyInheritedSettings(program));
  program.addCommand(queueCommand(context).copyInheritedSettings(program));
  program.addCommand(collectCommand(context, setExitCode).copyInheritedSettings(program));
  program.addCommand(compareCommand(context).copyInheritedSettings(program));
  program.addCommand(doctorCommand(context, setExitCode).copyInheritedSettings(program));
  program.addCommand(devicesCommand(context, setExitCode).copyInheritedSettings(program));
  program.addCommand(modelsCommand(context, setExitCode).copyInheritedSettings(program));
  program.addCommand(cacheCommand(context, setExitCode).copyInheritedSettings(program));
  /* Subcommands were added before their command inherited settings such as `exitOverride`, so they inherit them now. */
  for (const command of program.commands)
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command);
  for (const command of program.commands.flatMap((parent) => (parent.commands.length > 0 ? parent.commands : [parent])))
    for (const option of colorOptions()) command.addOption(option);
  program.addCommand(completionCommand(context).copyInheritedSettings(program));
  program.addCommand(completeCommand(context).copyInheritedSettings(program), { hidden: true });
  for (const command of [program, ...program.commands.flatMap((parent) => [parent, ...parent.commands])]) {
    command.configureOutput({
      /* Thrown instead of printed, so that `main` prints it as every other error. */
      outputError: (text) => {
        throw usageError(text, command, context.words);
      },
    });
  }
  program.hook('preAction', (_, command) => {
    context.stderr.chooseColors(command.opts<{ color?: ColorChoice }>().color);
  });
  return setHelpTexts(program, {
    examples: [
      'sdxl-refine cat.png -p "a cat in the snow" -o snow.png',
      'sdxl-refine batch manifest.jsonl -m ./sdxl-refiner -o refined',
      'sdxl-refine generate -p "a lighthouse at dusk" --count 4',
    ],
    /* Beside all commands, on one screen; `refine --help` has more. */
    usual: ['--prompt', '--output', '--strength', '--steps', '--model'],
  });
};
