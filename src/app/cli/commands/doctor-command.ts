/** `sdxl-refine doctor`: what this machine can run, and what to install for more. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { BUNDLED_MODEL } from '../options/bundled-model.js';
import { packageVersion } from '../package-version.js';
import { findModelFolder } from '../options/resolve-model.js';
import { listenForStop } from '../stop-signal.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine doctor', 'sdxl-refine doctor --model ./sdxl-refiner --json'],
  usual: [],
  notes: `Standard output is the report. Nothing is installed, downloaded or left behind.

Exit codes: 0 a run could work here; else the code that it would end with: 4 model, 5 engine, 6 output folder.`,
};

interface DoctorFlags {
  model?: string;
  outputDir: string;
  json?: boolean;
}

export const doctorCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command =>
  setHelpTexts(
    new Command('doctor')
      .description('Reports what this machine can run, and what to install for more.')
      .option('-m, --model <folder|file|id>', 'model to open (default: the small bundled one)')
      .option('-o, --output-dir <folder>', 'output folder to check', 'refined')
      .option('--json', 'one JSON object instead of text')
      .action(async ({ model, outputDir, json }: DoctorFlags) => {
        /* Imported on demand, so that help and completion stay fast. */
        const { examine } = await import('../../doctor/examine.js');
        const { expectOnThisMachine } = await import('../options/output-place.js');
        const { reportText } = await import('../../doctor/report-text.js');
        expectOnThisMachine('--output-dir', outputDir, 'Object storage is tried by a run of one row: --limit 1.');
        const stop = listenForStop(context, () => undefined);
        const [cwd, { env }] = [context.cwd(), context];
        const named = model ?? BUNDLED_MODEL;
        const path = (await findModelFolder(named, context)) ?? resolve(cwd, named);
        const places = { cwd, env, model: path, outputFolder: resolve(cwd, outputDir) };
        try {
          const report = await examine({ ...places, version: packageVersion(), signal: stop.signal });
          context.stdout.write(json === true ? `${JSON.stringify(report)}\n` : reportText(report));
          setExitCode(report.exit_code);
        } finally {
          stop.release();
        }
      }),
    HELP,
  );
