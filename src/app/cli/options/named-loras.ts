/** `--lora-dir`: LoRAs that rows name. Opening the model finds out which LoRAs fit it. */
import { resolve } from 'node:path';
import type { RowProcessor } from '../../../run/batch/row-processor.js';
import { countSteps } from '../../../run/manifest/rows/count-steps.js';
import { existingForm } from '../../../io/files/unicode-form.js';
import { openLoraFolder, type LoraFolder } from '../../../run/manifest/inputs/lora-folder.js';
import type { InvalidRow, Row } from '../../../records/row.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { PlannedWork } from '../progress/time-estimate.js';
import type { ProcessContext } from '../process-context.js';

/** @param folder as given @returns null: no folder is given @throws USAGE_OPTION_INVALID, the signal's reason */
export const openNamedLoras = async (
  folder: string | undefined,
  loras: readonly LoraChoice[],
  context: Pick<ProcessContext, 'cwd'>,
  signal: AbortSignal,
): Promise<LoraFolder | null> =>
  folder === undefined ? null : openLoraFolder(existingForm(resolve(context.cwd(), folder)), loras, signal);

/** Counts rows and UNet steps. @param loras receives the names of the rows' LoRAs */
export const measure = async (rows: AsyncIterable<Row | InvalidRow>, loras: Set<string>): Promise<PlannedWork> => {
  const planned = { rows: 0, steps: 0 };
  for await (const row of rows) {
    planned.rows++;
    planned.steps += countSteps(row);
    const { settings, generation } = row;
    for (const name of Object.keys({ ...settings.loraWeights, ...generation?.refiner?.loraWeights })) loras.add(name);
  }
  return planned;
};

/** Leaves out LoRAs that do not fit, once the models are open; rows are read again after that. */
export const leavingOut = (work: RowProcessor, folder: LoraFolder | null): RowProcessor => ({
  ...work,
  async open(signal) {
    const info = await work.open(signal);
    folder?.leaveOut(info.lorasLeftOut ?? {});
    return info;
  },
});
