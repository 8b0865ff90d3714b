/** The summary at the end of a dry run, for people. */
import type { Cost, DryRunCost } from '../../../run/batch/dry-run.js';
import type { ProcessorInfo } from '../../../run/batch/row-processor.js';
import type { Summary } from '../../../run/results/summary.js';
import type { Speed } from '../options/speed.js';
import { count, failures } from './summary-text.js';
import { timeText } from './time-text.js';

/** @param costs with each preset of --speed */
export const dryRunText = (
  summary: Summary,
  cost: DryRunCost,
  info: ProcessorInfo,
  costs: ReadonlyMap<Speed, Cost> = new Map(),
): string => {
  const presets = [...costs];
  const running = presets.filter(([, { rows }]) => rows > 0);
  const isTimed = running.some(([, { ms }]) => ms !== null);
  const times = isTimed ? running.map(([speed, { ms }]) => `${speed} ${ms === null ? NOT_RUN : aboutText(ms)}`) : [];
  const where =
    info.isOpened === false ? '' : `: ${count(cost.calls, 'UNet call')} on ${info.device} (${info.precision})`;
  const lines = [
    `${count(cost.rows, 'row')} would run${where}`,
    ...(cost.done === 0 ? [] : [`${count(cost.done, 'row')} already done`]),
    ...(presets.length === 0 || (cost.rows === 0 && running.length === 0)
      ? []
      : [`UNet calls by --speed: ${presets.map(([speed, one]) => callsText(speed, one, cost)).join(', ')}`]),
    ...(running.length === 0 ? [] : [`time by --speed: ${times.length === 0 ? UNKNOWN : times.join(', ')}`]),
    ...failures(summary),
    `model: ${modelsText(info)}, ${info.isOpened === false ? 'not loaded' : `loaded in ${timeText(info.openedInMs)}`}`,
  ];
  return `${lines.join('\n')}\n`;
};

const NOT_RUN = 'unknown (known after a run with it)';
const UNKNOWN = 'known after a run here, of one row (--limit 1) or more';

/** Says how many rows would fail where that differs from the run's own preset. */
const callsText = (speed: Speed, { rows, calls, cached, failed }: Cost, own: Cost): string => {
  const notes = [
    ...(cached === 0 ? [] : [`${cached} with cached features`]),
    ...(failed === own.failed ? [] : [`${rows === 0 && failed > 0 ? 'every row' : count(failed, 'row')} would fail`]),
  ];
  return `${speed} ${calls}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
};

/** With two digits: it is an estimate. */
const aboutText = (ms: number): string => `about ${timeText(Number(ms.toPrecision(2))).replace('.0 s', ' s')}`;

/** The model of a run, or its base model and the refiner, which opens later. */
const modelsText = ({ model, baseModel = model }: ProcessorInfo): string =>
  baseModel === model ? model : `${baseModel} (then ${model})`;
