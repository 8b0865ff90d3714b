/** Progress of a run and its remaining time, by UNet steps, since rows differ in them. */

export interface PlannedWork {
  rows: number;
  /** UNet steps of all rows together. */
  steps: number;
}

/** Tells the pictures of a run apart. */
export interface PictureKey {
  /** 0-based, over all inputs. */
  index: number;
  /** 0-based, of the pictures that the row counts. */
  copy: number;
}

/** A row that is finished, whichever way. */
export interface FinishedRow extends PictureKey {
  /** UNet steps that it was planned to take. */
  steps: number;
  isFailed: boolean;
  /** It was done now, not taken over from an earlier run. */
  isPicture: boolean;
}

const STAGES = ['base', 'refiner'] as const;
export type Stage = (typeof STAGES)[number];

const keyOf = ({ index, copy }: PictureKey, stage: Stage): string => `${index} ${copy} ${stage}`;

export class TimeEstimate {
  rows = 0;
  failed = 0;
  #pictures = 0;
  /** Of the finished rows, run or not. */
  #planned = 0;
  /** That the engine has run, in rows finished and not. */
  #run = 0;
  /** Steps of rows that are under way, by row and model: in the engine, waiting for the other model, or being written. */
  readonly #current = new Map<string, number>();
  #start: number;

  /** @param now milliseconds of a clock that only moves on */
  constructor(
    readonly total: PlannedWork,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#start = now();
  }

  /** The models are open: what took place before says nothing of the work. */
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

  /** Steps behind us, of `total.steps`. */
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
