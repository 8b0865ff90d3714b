/** A run that runs nothing: every row validated, every picture's header opened, the model opened, the cost counted. */
import type { EngineInfo } from '../engine/protocol.js';
import { isRefineError } from '../errors.js';
import { readPictureHeader } from '../image/read-header.js';
import type { InvalidRow, ResultRecord, Row } from '../records.js';
import { buildResultRecord } from '../results/result-record.js';
import { buildSchedule, configFor } from '../schedulers/registry.js';
import { stepRange } from '../schedulers/start.js';
import { readLatents } from '../weights/read-latents.js';

export interface DryRunCost {
  /** Calls of the UNet; each predicts for prompt and negative prompt at once where there is guidance. */
  unetCalls: number;
  /** Rows that would be refined. */
  rows: number;
}

/**
 * @yields a result a row: `skipped` where it would run, `failed` where it would fail
 * @returns what the rows that would run cost
 */
export async function* dryRun(
  rows: AsyncIterable<Row | InvalidRow>,
  info: EngineInfo,
  signal: AbortSignal,
): AsyncGenerator<ResultRecord, DryRunCost> {
  const cost: DryRunCost = { unetCalls: 0, rows: 0 };
  for await (const row of rows) {
    signal.throwIfAborted();
    const looked = 'error' in row ? { error: row.error } : await look(row, info, signal);
    const error = 'error' in looked ? looked.error : null;
    if ('steps' in looked) {
      cost.rows++;
      cost.unetCalls += looked.steps;
    }
    const outcome =
      error === null ? ({ status: 'skipped' } as const) : ({ status: 'failed', error, durationMs: null } as const);
    yield buildResultRecord(row, outcome, info);
  }
  return cost;
}

/** The row's steps, or what is wrong with its picture or settings as far as can be seen without running. */
const look = async (
  row: Row,
  info: EngineInfo,
  signal: AbortSignal,
): Promise<{ steps: number } | Pick<InvalidRow, 'error'>> => {
  try {
    if (row.source.kind === 'latents') await readLatents(row.source.path);
    else await readPictureHeader(row.source, row.sourceText, { signal });
    return { steps: stepsOf(row, info) };
  } catch (thrown) {
    if (isRefineError(thrown) && thrown.scope === 'row') {
      return { error: { code: thrown.code, message: thrown.message } };
    }
    throw thrown;
  }
};

const stepsOf = ({ settings }: Row, info: EngineInfo): number => {
  const schedule = buildSchedule(configFor(settings.scheduler, info.schedulerConfig), settings.steps);
  const { begin, end } = stepRange(schedule, settings);
  return end - begin;
};
