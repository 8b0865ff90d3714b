/** Runs VAE layers over row strips: step by step, each over all strips before the next. */
import { STRIP, marginRows, writeStripStep, type StripStep } from '../../models/networks/vae-strips.js';
import type { LayerScope } from '../../models/networks/layer-scope.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { groupStatistics, releaseStrips, rowsOf, StatisticsAccumulator, type FeatureMapStrips } from './strips.js';

/** Opens a network over the VAE's weights on the CPU. */
export type OpenVaeNetwork = (name: string, write: (scope: LayerScope) => void) => Promise<Session>;

export interface StripOptions {
  open: OpenVaeNetwork;
  /** Most numbers of a strip's widest feature map: rows × width × channels. */
  stripSize: number;
}

/** @throws SESSION_RUN */
export const runInStrips = async (
  steps: readonly StripStep[],
  input: FeatureMapStrips,
  groups: number,
  options: StripOptions,
): Promise<FeatureMapStrips> => {
  let current = input;
  let previous = input;
  for (const [index, step] of steps.entries()) {
    /* The input is released unless the next step adds it as a residual. */
    const keeps = (steps[index + 1]?.residual ?? null) !== null;
    const residual = step.residual === null ? null : previous;
    const next = await runStep(step, current, residual, { ...options, groups, keeps });
    previous = current;
    current = next;
  }
  return current;
};

const runStep = async (
  step: StripStep,
  input: FeatureMapStrips,
  residual: FeatureMapStrips | null,
  { open, groups, stripSize, keeps }: StripOptions & { groups: number; keeps: boolean },
): Promise<FeatureMapStrips> => {
  const scale = SCALES[step.resample ?? 'keep'];
  const [height, width] = [input.height * scale, input.width * scale];
  const session = await open(`VAE's ${step.conv}`, (scope) => {
    writeStripStep(scope, step);
  });
  const widest = Math.max(step.inChannels, step.outChannels);
  const rows = Math.max(MIN_ROWS, 2 * Math.floor(stripSize / (2 * width * widest)));
  const statistics = new StatisticsAccumulator(step.outChannels);
  const output: FeatureMapStrips = { channels: step.outChannels, height, width, strips: [], statistics: null };
  const statisticsOfGroups =
    input.statistics === null || step.norm === null ? null : groupStatistics(input.statistics, groups);
  try {
    for (let start = 0; start < height; start += rows) {
      const end = Math.min(height, start + rows);
      const residualRows = residual === null ? null : rowsOf(residual, start, end);
      const outputs = await session.run({
        ...inputRows(step, input, start / scale, end / scale),
        ...(statisticsOfGroups === null
          ? {}
          : {
              [STRIP.mean]: tensor(statisticsOfGroups.mean, [step.inChannels]),
              [STRIP.variance]: tensor(statisticsOfGroups.variance, [step.inChannels]),
            }),
        ...(residualRows === null ? {} : { [STRIP.residual]: residualRows }),
      });
      const {
        [STRIP.strip]: strip,
        [STRIP.channelMean]: mean,
        [STRIP.squaredDeviations]: squaredDeviations,
      } = outputs as Record<string, Tensor>;
      output.strips.push({ start, rows: end - start, tensor: strip ?? null });
      statistics.add((end - start) * width, mean!.data, squaredDeviations!.data);
      if (!keeps) releaseStrips(input, end / scale - 1);
      if (residual !== null) releaseStrips(residual, end);
    }
  } finally {
    await session.close();
  }
  return { ...output, statistics: statistics.result() };
};

const SCALES = { upsample: 2, downsample: 0.5, keep: 1 } as const;
/** With fewer rows, the margins would be larger than the strip. */
const MIN_ROWS = 8;

/** Input rows that a strip's convolution needs, and rows of zeros beyond the feature map. */
const inputRows = (
  step: StripStep,
  input: FeatureMapStrips,
  start: number,
  end: number,
): Record<string, Tensor | { integers: number[] }> => {
  const margin = marginRows(step);
  const [above, below] = step.resample === 'downsample' ? [0, 1] : [1, 1];
  const [from, to] = [Math.max(0, start - above), Math.min(input.height, end + below)];
  const top = from - (start - above) > 0 ? margin : 0;
  const bottom = end + below - to > 0 ? margin : 0;
  return {
    [STRIP.rows]: rowsOf(input, from, to),
    [STRIP.edges]: { integers: [0, 0, top, 0, 0, 0, bottom, 0] },
  };
};
