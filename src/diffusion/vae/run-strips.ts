/** The autoencoder's finer levels over bands of rows: step by step, each over the whole picture before the next. */
import { STRIP, marginRows, writeStripStep, type StripStep } from '../../models/networks/vae-strips.js';
import type { LayerScope } from '../../models/networks/layer-scope.js';
import type { Session } from '../../onnx/runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { groupStatistics, letGo, rowsOf, StatisticsSum, type Banded } from './strips.js';

/** Opens a network over the VAE's weights, on the CPU. */
export type OpenPart = (name: string, write: (scope: LayerScope) => void) => Promise<Session>;

export interface BandOptions {
  open: OpenPart;
  /** Numbers of the widest layer that a band may have: rows × width × channels. */
  bandSize: number;
}

/** @throws SESSION_CREATE SESSION_RUN */
export const runBands = async (
  steps: readonly StripStep[],
  input: Banded,
  groups: number,
  options: BandOptions,
): Promise<Banded> => {
  let current = input;
  let before = input;
  for (const [index, step] of steps.entries()) {
    /* Nobody sees the input again, unless the next step adds it. */
    const keeps = (steps[index + 1]?.residual ?? null) !== null;
    const residual = step.residual === null ? null : before;
    const next = await runStep(step, current, residual, { ...options, groups, keeps });
    before = current;
    current = next;
  }
  return current;
};

const runStep = async (
  step: StripStep,
  input: Banded,
  residual: Banded | null,
  { open, groups, bandSize, keeps }: BandOptions & { groups: number; keeps: boolean },
): Promise<Banded> => {
  const scale = SCALES[step.resample ?? 'keep'];
  const [height, width] = [input.height * scale, input.width * scale];
  const network = await open(`VAE's ${step.conv}`, (scope) => {
    writeStripStep(scope, step);
  });
  const widest = Math.max(step.inChannels, step.outChannels);
  const rows = Math.max(FEWEST_ROWS, 2 * Math.floor(bandSize / (2 * width * widest)));
  const statistics = new StatisticsSum(step.outChannels);
  const output: Banded = { channels: step.outChannels, height, width, bands: [], statistics: null };
  const known = input.statistics === null || step.norm === null ? null : groupStatistics(input.statistics, groups);
  try {
    for (let start = 0; start < height; start += rows) {
      const end = Math.min(height, start + rows);
      const own = residual === null ? null : rowsOf(residual, start, end);
      const outputs = await network.run({
        ...seenRows(step, input, start / scale, end / scale),
        ...(known === null
          ? {}
          : {
              [STRIP.mean]: tensor(known.mean, [step.inChannels]),
              [STRIP.variance]: tensor(known.variance, [step.inChannels]),
            }),
        ...(own === null ? {} : { [STRIP.residual]: own }),
      });
      const {
        [STRIP.strip]: band,
        [STRIP.channelMean]: mean,
        [STRIP.squaredDeviations]: spread,
      } = outputs as Record<string, Tensor>;
      output.bands.push({ start, rows: end - start, tensor: band ?? null });
      statistics.add((end - start) * width, mean!.data, spread!.data);
      if (!keeps) letGo(input, end / scale - 1);
      if (residual !== null) letGo(residual, end);
    }
  } finally {
    await network.close();
  }
  return { ...output, statistics: statistics.result() };
};

const SCALES = { upsample: 2, downsample: 0.5, keep: 1 } as const;
/** Below, margins would be more than the band. */
const FEWEST_ROWS = 8;

/** The rows of the input that a band's convolution sees, and the zeros where there are none. */
const seenRows = (
  step: StripStep,
  input: Banded,
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
