/** A run of rows, and the differences between runs of `batch` and `generate`. */
import type { RemoteOutput } from '../../../run/results/remote/remote-output.js';
import type { UnopenedNames } from '../../../run/batch/unopened-work.js';
import type { Shard } from '../../../run/results/results-path.js';
import type { RowProcessor } from '../../../run/batch/row-processor.js';
import type { RunnerOptions } from '../../../run/engine/create-runner.js';
import type { RowParser } from '../../../run/manifest/rows/parse-row.js';
import type { SkippedFiles } from '../../../run/manifest/inputs/skipped-files.js';
import type { RowCommand } from '../../../records/setting-kinds.js';
import type { RowContext } from '../../../run/manifest/rows/resolve-settings.js';
import type { InvalidRow, Row } from '../../../records/row.js';
import type { LoraChoice } from '../../../records/model-options.js';
import type { Screening } from '../../../run/safety/screening.js';
import type { RunState } from '../../../run/results/run-state.js';
import type { DemoModel } from '../progress/demo-note.js';
import type { ResultLine } from '../progress/print-results.js';
import type { EarlierRun } from '../options/earlier-run.js';
import type { PlannedWork } from '../progress/time-estimate.js';
import type { Speed } from '../options/speed.js';

/** Past participle for finished rows. */
export type Verb = 'refined' | 'generated';

export const verbOf = ({ command }: RunKind): Verb => (command === 'batch' ? 'refined' : 'generated');

export interface BatchRun extends EarlierRun {
  /** Reads the rows from the beginning; the same rows each time. */
  rows: () => AsyncIterable<Row | InvalidRow>;
  /** Reads the rows of all inputs, including those outside the run's shard or limit. */
  allRows: () => AsyncIterable<Row | InvalidRow>;
  total: PlannedWork;
  /** `rows`, with their completions by other presets of --speed as `alternatives`, in that order. */
  rowsAt: (speeds: readonly Speed[]) => Promise<AsyncIterable<Row | InvalidRow>>;
  /** As in `ManifestCheck`. */
  extraKeys: readonly string[];
  /** Files in the inputs that are not rows. */
  skipped: SkippedFiles;
  work: RowProcessor;
  /** Files and folders that the run reads, besides those of its rows. */
  reads: readonly string[];
  screening: Screening;
  verb: Verb;
  outputFolder: string;
  /** If the outputs are in object storage; `outputFolder` is its working folder then. */
  remote: RemoteOutput | null;
  /** Suffix of a shard's file names, `-1-of-4`; '' without --shard. */
  part: string;
  /** null: a whole run. */
  shard: Shard | null;
  /** Seed of rows without a seed. */
  runSeed: number;
  /** As returned by `inputPlaces`. */
  inputs: readonly string[];
  /** State of an earlier run in the output folder; null: no such run. */
  state: Partial<RunState> | null;
  /** Whether --limit leaves out no row. */
  isWhole: boolean;
  /** Stop after more failed rows than this; -1: never. */
  errorThreshold: number;
  /** Absolute, or a URI of object storage; null: no CSV. */
  predictionsCsv: string | null;
  /** Temporary folder of the run. */
  scratch: string;
  /** Called with every result, and then with the summary. */
  print: (line: ResultLine) => void;
}

/** Settings that all engines of a run share. */
export interface EngineSettings extends Pick<Required<RunnerOptions>, 'devices' | 'precision' | 'batchSize'> {
  outputFolder: string;
  part: string;
  resumes: boolean;
  /** LoRAs that rows name, besides those of `--lora`. */
  namedLoras: readonly LoraChoice[];
  signal: AbortSignal;
}

/** The differences between runs of `batch` and `generate`. */
export interface RunKind {
  command: RowCommand;
  parse: RowParser;
  /** The models in results of a run that opens none. */
  names: Pick<UnopenedNames, 'model' | 'baseModel'>;
  /** LoRAs of all models. */
  loras: readonly LoraChoice[];
  createWork: (settings: EngineSettings) => Promise<RowProcessor>;
  /** Reads the defaults of those models that are on this machine, with the settings of a preset; default: of --speed. */
  readDefaults: (speed?: Speed) => Promise<ModelDefaults>;
  /** Bundled models that run by default. */
  demos: readonly DemoModel[];
}

export type ModelDefaults = Pick<RowContext, 'modelDefaults' | 'refinerDefaults'>;
