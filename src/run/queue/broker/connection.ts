/** Watches the connection to a broker: repeats calls while it is gone, and gives up when it was gone for too long. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RefineError } from '../../../errors.js';
import { brokerDenied, brokerGone, foreignAnswer, isDenied, isLockLost, isTransient } from './broker-errors.js';

const CHECK_MS = 500;
/** Between two tries of a call. */
const PAUSES_MS = [100, 300, 1000, 2000];

export class BrokerConnection {
  readonly #lost = new AbortController();
  #goneSince: number | null = null;
  #reason: unknown;
  #wasReached = false;
  /** Times that it came back. */
  returns = 0;
  readonly #timer: NodeJS.Timeout;
  #probe: (() => Promise<unknown>) | null = null;
  #isProbing = false;
  /** Milliseconds in which this process ran, up to the last check. */
  #awakeMs = 0;
  #checkedAt = performance.now();

  /**
   * @param shown the broker, for messages
   * @param patienceMs how long it may be gone
   * @param firstPatienceMs the same before it was reached for the first time: a wrong address should not take minutes
   */
  constructor(
    private readonly shown: string,
    private readonly patienceMs: number,
    private readonly firstPatienceMs: number,
  ) {
    this.#timer = setInterval(() => {
      this.#awakeMs = this.#now();
      this.#checkedAt = performance.now();
      this.#probeIfGone();
      this.#giveUpIfGone();
    }, CHECK_MS).unref();
  }

  /** Aborts with QUEUE_UNREACHABLE or QUEUE_DENIED. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** For errors outside calls. */
  readonly onError = (error: unknown): void => {
    if (isDenied(error)) this.#lost.abort(brokerDenied(this.shown, error));
    else if (isTransient(error)) this.#markGone(error);
  };

  /**
   * While the broker is gone, `probe` is called until it is answered: calls may be rarer than the time after which it is given up.
   * @param probe may wait for the connection
   */
  watch(probe: () => Promise<unknown>): void {
    this.#probe = probe;
  }

  /**
   * Runs a call, again if the connection failed.
   * @throws the reason of `lost`, QUEUE_UNREACHABLE for an answer that no call should have; errors of `isLockLost` as they are
   */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    let failsSince: number | null = null;
    for (let attempt = 0; ; attempt++) {
      this.lost.throwIfAborted();
      try {
        const result = await this.orLost(work());
        this.#markReached();
        return result;
      } catch (thrown) {
        this.lost.throwIfAborted();
        if (!isTransient(thrown) || isDenied(thrown)) throw this.fault(thrown);
        this.#markGone(thrown);
        failsSince ??= this.#now();
        /* Others may be answered meanwhile: a broker without memory refuses only what is new. */
        if (this.#now() - failsSince >= this.patienceMs) this.#giveUp(this.patienceMs);
        await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]);
      }
    }
  }

  /** The error to throw for one that is not transient. */
  fault(thrown: unknown): Error {
    if (isDenied(thrown)) {
      this.onError(thrown);
      return this.lost.reason as Error;
    }
    this.#markReached();
    if (isLockLost(thrown)) return thrown as Error;
    return foreignAnswer(this.shown, thrown);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** @throws the reason of `lost`, however long `work` takes */
  orLost<Result>(work: Promise<Result>): Promise<Result> {
    work.catch(() => undefined);
    return new Promise((resolve, reject) => {
      const onLost = (): void => {
        reject(this.lost.reason as Error);
      };
      this.lost.addEventListener('abort', onLost, { once: true });
      work.then(resolve, reject).finally(() => {
        this.lost.removeEventListener('abort', onLost);
      });
    });
  }

  /** Does not count a suspension of this process, in which it could not see the broker come back: the broker is asked once more. */
  #now(): number {
    return this.#awakeMs + Math.min(performance.now() - this.#checkedAt, CHECK_MS);
  }

  #markGone(reason: unknown): void {
    this.#goneSince ??= this.#now();
    this.#reason = reason;
  }

  #markReached(): void {
    if (this.#goneSince !== null && this.#wasReached) this.returns++;
    this.#goneSince = null;
    this.#wasReached = true;
  }

  #probeIfGone(): void {
    if (this.#goneSince === null || this.#probe === null || this.#isProbing || this.lost.aborted) return;
    this.#isProbing = true;
    this.#probe()
      .then(() => {
        this.#markReached();
      }, this.onError)
      .finally(() => {
        this.#isProbing = false;
      });
  }

  #giveUpIfGone(): void {
    const patience = this.#wasReached ? this.patienceMs : this.firstPatienceMs;
    if (this.#goneSince !== null && this.#now() - this.#goneSince >= patience) this.#giveUp(patience);
  }

  #giveUp(patienceMs: number): void {
    const error: RefineError = brokerGone(this.shown, this.#reason, { patienceMs, wasReached: this.#wasReached });
    this.#lost.abort(error);
  }
}
