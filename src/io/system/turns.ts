/** Limits the jobs that run at a time: the others wait in order. A job can also run alone. */

interface Waiting {
  isAlone: boolean;
  begin: () => void;
}

export class Turns {
  #running = 0;
  #isAlone = false;
  readonly #waiting: Waiting[] = [];

  /** @param most jobs at a time */
  constructor(private readonly most: () => number) {}

  get running(): number {
    return this.#running;
  }

  take<T>(job: () => Promise<T>): Promise<T> {
    return this.#take(job, false);
  }

  /** Waits until no other job runs, and lets none begin until it ends. */
  takeAlone<T>(job: () => Promise<T>): Promise<T> {
    return this.#take(job, true);
  }

  async #take<T>(job: () => Promise<T>, isAlone: boolean): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ isAlone, begin });
      this.#beginNext();
    });
    try {
      return await job();
    } finally {
      this.#running--;
      this.#isAlone = false;
      this.#beginNext();
    }
  }

  /** In order: a job that must be alone is not overtaken. */
  #beginNext(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#isAlone || this.#running >= (next.isAlone ? 1 : this.most())) return;
      this.#waiting.shift();
      this.#running++;
      this.#isAlone = next.isAlone;
      next.begin();
    }
  }
}
