/** Watches the connection to a broker: repeats calls while it is gone, and gives up when it was gone for too long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { RefineError } from '../../../errors.js';
import { brokerMessage, isDenied, isTransient } from './broker-errors.js';

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
      this.#giveUpIfGone();
    }, CHECK_MS).unref();
  }

  /** Aborts with QUEUE_UNREACHABLE or QUEUE_DENIED. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** For errors outside calls. */
  readonly onError = (error: unknown): void => {
    if (isDenied(error)) this.#lost.abort(this.#denied(error));
    else if (isTransient(error)) this.#markGone(error);
  };

  /** Runs a call, again if the connection failed. @throws the reason of `lost`, and what `work` throws otherwise */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 0; ; attempt++) {
      this.lost.throwIfAborted();
      try {
        const result = await this.orLost(work());
        this.#markReached();
        return result;
      } catch (thrown) {
        this.lost.throwIfAborted();
        if (isDenied(thrown)) {
          this.#lost.abort(this.#denied(thrown));
          this.lost.throwIfAborted();
        }
        if (!isTransient(thrown)) {
          this.#markReached();
          throw thrown;
        }
        this.#markGone(thrown);
        await sleep(PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]);
      }
    }
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

  #markGone(reason: unknown): void {
    this.#goneSince ??= performance.now();
    this.#reason = reason;
  }

  #markReached(): void {
    if (this.#goneSince !== null && this.#wasReached) this.returns++;
    this.#goneSince = null;
    this.#wasReached = true;
  }

  #giveUpIfGone(): void {
    const patience = this.#wasReached ? this.patienceMs : this.firstPatienceMs;
    if (this.#goneSince === null || performance.now() - this.#goneSince < patience) return;
    const seconds = Math.round(patience / 1000);
    const [what, remedy] = this.#wasReached
      ? [
          `did not come back within ${seconds} s`,
          'Start it again, then run this command again: it goes on where it stood',
        ]
      : [`did not answer within ${seconds} s`, 'Check that it runs, its host and its port'];
    this.#lost.abort(
      new RefineError(
        'QUEUE_UNREACHABLE',
        `Expected a queue at ${this.shown}, but it ${what}: ${brokerMessage(this.#reason)}. ${remedy}.`,
        { context: { queue: this.shown }, cause: this.#reason },
      ),
    );
  }

  #denied(cause: unknown): RefineError {
    return new RefineError(
      'QUEUE_DENIED',
      `Expected access to the queue at ${this.shown}, but it refused: ${brokerMessage(cause).replace(/\.$/, '')}. Check the user, the password and the database of --queue.`,
      { context: { queue: this.shown }, cause },
    );
  }
}
