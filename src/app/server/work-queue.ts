/** The queue before the engines: a bounded number of requests, and as many jobs at a time as the engines have slots, in order of arrival. */
import { RefineError } from '../../errors.js';

/** Longest suggested wait, in seconds. */
const LONGEST_WAIT_S = 600;
/** Weight of the latest turn in the moving average. */
const LATEST_SHARE = 0.2;

/** The place of a request. */
export interface Place {
  /** The number of its pictures, once it is known. */
  accept: (pictures: number) => void;
  /** One of its pictures is done. */
  done: () => void;
  /** Frees the place; more calls do nothing. */
  leave: () => void;
}

export class WorkQueue {
  /** Pictures left of each request; unknown, at first: one. */
  readonly #left = new Map<Place, number>();
  #busy = 0;
  #meanTurnS = 1;
  readonly #waiting: (() => void)[] = [];
  readonly #idleListeners: (() => void)[] = [];

  /**
   * @param limit most requests at a time, waiting and running
   * @param slots jobs at a time; may grow once the model is open
   */
  constructor(
    private readonly limit: number,
    private readonly slots: () => number = () => 1,
  ) {}

  /** Requests in the queue, waiting and running. */
  get places(): number {
    return this.#left.size;
  }

  /** Pictures waiting for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Jobs that run, or are still to stop. */
  get busy(): number {
    return this.#busy;
  }

  /** Estimated time until a place is free, in whole seconds, at least 1: requests take turns, a picture each. */
  get retryAfterS(): number {
    const rounds = Math.min(...this.#left.values(), Infinity) - 1;
    const turns = Number.isFinite(rounds) ? rounds * this.#left.size + 1 : 1;
    const guess = Math.ceil((this.#meanTurnS / this.slots()) * Math.max(turns, this.#waiting.length / 2));
    return Math.min(LONGEST_WAIT_S, Math.max(1, guess));
  }

  /** Takes a place. @throws QUEUE_FULL */
  enter(): Place {
    if (this.#left.size >= this.limit) {
      throw new RefineError(
        'QUEUE_FULL',
        `All ${this.limit} places of the queue are taken. Try again in ${this.retryAfterS} s.`,
      );
    }
    const setLeft = (left: number): void => {
      if (this.#left.has(place)) this.#left.set(place, Math.max(1, left));
    };
    const place: Place = {
      accept: setLeft,
      done: () => {
        setLeft((this.#left.get(place) ?? 0) - 1);
      },
      leave: () => {
        if (!this.#left.delete(place) || this.#left.size > 0) return;
        for (const listener of this.#idleListeners.splice(0)) listener();
      },
    };
    this.#left.set(place, 1);
    return place;
  }

  /** Resolves when no request is in the queue. */
  idle(): Promise<void> {
    if (this.#left.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleListeners.push(resolve));
  }

  /**
   * Waits for a turn, then calls `work`. Rejects with the signal's reason as soon as it aborts; the turn ends only when `work`
   * ends, so `work` must listen to the signal itself.
   * @param isNext before all that wait
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>, isNext = false): Promise<T> {
    await this.#turn(signal, isNext);
    const start = performance.now();
    const working = work().finally(() => {
      this.#meanTurnS += LATEST_SHARE * ((performance.now() - start) / 1000 - this.#meanTurnS);
      this.#next();
    });
    return orAborted(signal, working);
  }

  #turn(signal: AbortSignal, isNext: boolean): Promise<void> {
    signal.throwIfAborted();
    if (this.#busy < this.slots()) {
      this.#busy++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1);
        reject(signal.reason as Error);
      };
      if (isNext) this.#waiting.unshift(onTurn);
      else this.#waiting.push(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy--;
    else next();
  }
}

const orAborted = <T>(signal: AbortSignal, working: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    working.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
