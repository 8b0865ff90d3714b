/** Several engines, one for each device: a job goes to a free one, and an engine that cannot restart is removed. */
import { isRefineError, messageOf } from '../../errors.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import { Engine, type JobRunner, type RefineOptions } from './engine.js';
import type { EngineInfo, EngineOptions } from './protocol.js';

/** Errors of the device or its process, not of the job. */
const DEVICE_ERRORS = new Set(['ENGINE_START', 'DEVICE_UNAVAILABLE', 'SESSION_CREATE']);

export class EnginePool implements JobRunner {
  readonly #engines: Engine[];
  /** An engine appears once for each free slot. */
  readonly #free: Engine[] = [];
  #isOpen = false;
  readonly #waiting: ((engine: Engine) => void)[] = [];

  /** @param options for each engine; they differ only in the device */
  constructor(options: readonly EngineOptions[]) {
    this.#engines = options.map((engineOptions) => new Engine(engineOptions));
  }

  get reads(): readonly string[] {
    return this.#engines[0]?.reads ?? [];
  }

  get slots(): number {
    return this.#engines.reduce((sum, { slots }) => sum + slots, 0);
  }

  async open(signal: AbortSignal): Promise<EngineInfo> {
    const infos = await Promise.all(this.#engines.map((engine) => engine.open(signal))).catch((thrown: unknown) => {
      this.close();
      throw thrown;
    });
    if (!this.#isOpen) {
      this.#isOpen = true;
      for (const engine of this.#engines) for (let slot = 0; slot < engine.slots; slot++) this.#release(engine);
    }
    const [first] = infos;
    if (first === undefined) throw new Error('a pool without engines');
    return {
      ...first,
      device: infos.map(({ device }) => device).join(),
      warnings: [...new Set(infos.flatMap(({ warnings = [] }) => warnings))],
    };
  }

  async refine(job: EngineJob, options: RefineOptions): Promise<RefineReply> {
    const warnings: string[] = [];
    for (;;) {
      const engine = await this.#acquire();
      try {
        const reply = await engine.refine(job, options);
        this.#release(engine);
        return { ...reply, ...(warnings.length === 0 ? {} : { warnings: [...(reply.warnings ?? []), ...warnings] }) };
      } catch (thrown) {
        const isLost = isRefineError(thrown) && DEVICE_ERRORS.has(thrown.code);
        if (!isLost || this.#engines.length === 1) {
          this.#release(engine);
          throw thrown;
        }
        this.#remove(engine);
        warnings.push(`A device is no longer used, and this row ran on another: ${messageOf(thrown)}`);
      }
    }
  }

  close(): void {
    for (const engine of this.#engines) engine.close();
  }

  #acquire(): Promise<Engine> {
    const engine = this.#free.shift();
    return engine === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(engine);
  }

  #release(engine: Engine): void {
    if (!this.#engines.includes(engine)) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(engine);
    else next(engine);
  }

  #remove(engine: Engine): void {
    engine.close();
    for (const list of [this.#engines, this.#free]) {
      for (let index = list.indexOf(engine); index >= 0; index = list.indexOf(engine)) list.splice(index, 1);
    }
  }
}
