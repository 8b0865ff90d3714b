/** `sdxl-refine score`: arguments, options and help; `run-score.ts` runs it. */
import { Command } from 'commander';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import { addRowOptions } from '../options/row-options.js';
import { addScoreOptions, readFlags, type ScoreFlags } from '../options/score-flags.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine score request.json', 'sdxl-refine score - < request.json'],
  usual: ['--model', '--device', '--prompt', '--strength', '--steps', '--seed'],
  notes: `Standard output is the response that sdxl-refine serve would send: a list with one object per row.

Exit codes: 0 answered, 1 a row is wrong or failed, 2 usage, 3 the request is wrong, 4 model, 5 device, 130 stopped.`,
};

export const scoreCommand = (context: ProcessContext): Command => {
  const command = new Command('score')
    .description('Answers one request of the online endpoint, without a server.')
    .argument('<request>', 'request file, or - for standard input');
  return setHelpTexts(addRowOptions(addScoreOptions(command), 'batch'), HELP).action(async (request: string) => {
    const flags = await readFlags<ScoreFlags>(command, context);
    /* Imported on demand, so that help and completion stay fast. */
    const { runScore } = await import('./run-score.js');
    await runScore(request, flags, context);
  });
};
