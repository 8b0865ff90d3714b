/** The command line's shape. What commands do is in their own files. */
import { Command } from 'commander';
import { batchCommand } from './batch-command.js';
import { compareCommand } from './compare-command.js';
import { doctorCommand } from './doctor-command.js';
import { generateCommand } from './generate-command.js';
import { modelsCommand } from './models-command.js';
import { scoreCommand } from './score-command.js';
import { serveCommand } from './serve-command.js';
import type { Surroundings } from './surroundings.js';
import { packageVersion } from './package-version.js';
import { refineCommand } from './refine-command.js';

/** @param setExitCode called by a command that ends otherwise than with 0 */
export const buildProgram = (around: Surroundings, setExitCode: (code: number) => void): Command => {
  const program = new Command('sdxl-refine')
    .description("Refines pictures in batches with Stable Diffusion XL's refiner.")
    .version(packageVersion())
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .configureHelp({ helpWidth: 100 });
  const batch = batchCommand(around, setExitCode);
  program.addCommand(refineCommand(around, setExitCode, batch).copyInheritedSettings(program), { isDefault: true });
  program.addCommand(batch.copyInheritedSettings(program));
  program.addCommand(generateCommand(around, setExitCode).copyInheritedSettings(program));
  program.addCommand(serveCommand(around).copyInheritedSettings(program));
  program.addCommand(scoreCommand(around).copyInheritedSettings(program));
  program.addCommand(compareCommand(around).copyInheritedSettings(program));
  program.addCommand(doctorCommand(around, setExitCode).copyInheritedSettings(program));
  program.addCommand(modelsCommand(around, setExitCode).copyInheritedSettings(program));
  return program;
};
