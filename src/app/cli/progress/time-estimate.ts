/** Progress and remaining time of a run, by UNet steps, because rows differ in steps. */

export interface PlannedWork {
  rows: number;
  /** UNet steps of all rows together. */
  steps: number;
}

/** Identifies a picture of a run. */
export interface PictureKey {
  /** 0-based, over all inputs. */
  index: number;
  /** 0-based, among the row's `count` pictures. */
  copy: number;
}

/** A finished row: successful, failed or taken over. */
export interface FinishedRow extends PictureKey {
  /** Planned UNet steps. */
  steps: number;
  isFailed: boolean;
  /** Whether this run made a picture, instead of taking it over from an earlier run. */
  isPicture: boolean;
}

const STAGES = ['base', 'refiner'] as const;
export type Stage = (typeof STAGES)[number];

const keyOf = ({ index, copy }: PictureKey, stage: Stage): string => `${index} ${copy} ${stage}`;

export class TimeEstimate {
  rows = 0;
  failed = 0;
  #pictures = 0;
  /** Planned steps of finished rows, run or not. */
  #planned = 0;
  /** Steps that the engine has run, in finished and unfinished rows. */
  #run = 0;
  /** Steps run of unfinished rows, by row and model: rows in the engine, waiting for the other model, or being written. */
  readonly #current = new Map<string, number>();
  #start: number;

  /** @param now milliseconds of a monotonic clock */
  constructor(
    readonly total: PlannedWork,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#start = now();
  }

  /** Restarts the clock when the models are open: opening time does not predict the rest. */
  begin(): void {
    this.#start = this.now();
  }

  /** @param step steps of the row that have run in this model */
  step(row: PictureKey, stage: Stage, step: number): void {
    const key = keyOf(row, stage);
    this.#run += Math.max(0, step - (this.#current.get(key) ?? 0));
    this.#current.set(key, step);
  }

  row({ steps, isFailed, isPicture, ...row }: FinishedRow): void {
    this.rows++;
    for (const stage of STAGES) this.#current.delete(keyOf(row, stage));
    this.#planned += steps;
    if (isFailed) this.failed++;
    if (isPicture) this.#pictures++;
  }

  /** Steps done, of `total.steps`. */
  get steps(): number {
    const current = [...this.#current.values()].reduce((sum, step) => sum + step, 0);
    return Math.min(this.total.steps, this.#planned + current);
  }

  get picturesPerMinute(): number {
    const elapsed = this.now() - this.#start;
    return elapsed === 0 ? 0 : (this.#pictures * 60_000) / elapsed;
  }

  /** Milliseconds; null until a step has run. */
  get timeLeft(): number | null {
    if (this.#run === 0) return null;
    const perStep = (this.now() - this.#start) / this.#run;
    return perStep * Math.max(0, this.total.steps - this.steps);
  }
}
