/** Parses options that are row keys, the defaults of rows. */
import { RefineError } from '../../../errors.js';
import { camelCase } from '../../../records/settings.js';
import { parseOption } from '../../../run/manifest/rows/parse-value.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import { rowKeyNames, type RowValues } from '../../../run/manifest/rows/row-keys.js';
import { schedulerProblem } from '../../../run/manifest/rows/scheduler-name.js';

/** Parses them like cells of a manifest. @throws USAGE_OPTION_INVALID */
export const rowOptions = (
  flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>,
  command: RowCommand,
): RowValues => {
  const given = rowKeyNames(command).flatMap((name) => {
    const text = flags[camelCase(name)];
    return typeof text === 'string' ? [[name, parseOption(name, text)] as const] : [];
  });
  const options: RowValues = Object.fromEntries(given);
  const problem = optionProblem(options);
  if (problem !== null) throw new RefineError('USAGE_OPTION_INVALID', problem);
  return options;
};

/** Problem of an option's value that no row could mend; null: no problem. */
const optionProblem = ({ scheduler, denoising_start: start, denoising_end: end }: RowValues): string | null => {
  /* In rows these values mean "not given", as in diffusers; as options they can only be mistakes. */
  if (start === 1) {
    return 'Expected --denoising-start to be below 1, got 1: nothing of the schedule is left to run. Lower it, or leave it out for --strength';
  }
  if (end === 0) {
    return 'Expected --denoising-end to be above 0, got 0: nothing of the schedule runs. Raise it, or leave it out';
  }
  return scheduler === undefined ? null : schedulerProblem(scheduler);
};
