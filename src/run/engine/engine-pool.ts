/** Several engines, one for each device: a job goes to one that is free, and an engine that cannot come back is left out. */
import { isRefineError, messageOf } from '../../errors.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import { Engine, type JobRunner, type RefineOptions } from './engine.js';
import type { EngineInfo, EngineOptions } from './protocol.js';

/** Errors of the device or its process, and not of the job. */
const DEVICE_ERRORS = new Set(['ENGINE_START', 'DEVICE_UNAVAILABLE', 'SESSION_CREATE']);

export class EnginePool implements JobRunner {
  readonly #engines: Engine[];
  /** A place for each job that an engine can take now. */
  readonly #free: Engine[] = [];
  #isOpen = false;
  readonly #waiting: ((engine: Engine) => void)[] = [];

  /** @param options one for each device, else alike */
  constructor(options: readonly EngineOptions[]) {
    this.#engines = options.map((one) => new Engine(one));
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
      for (const engine of this.#engines) for (let slot = 0; slot < engine.slots; slot++) this.#give(engine);
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
      const engine = await this.#take();
      try {
        const reply = await engine.refine(job, options);
        this.#give(engine);
        return { ...reply, ...(warnings.length === 0 ? {} : { warnings: [...(reply.warnings ?? []), ...warnings] }) };
      } catch (thrown) {
        const isLost = isRefineError(thrown) && DEVICE_ERRORS.has(thrown.code);
        if (!isLost || this.#engines.length === 1) {
          this.#give(engine);
          throw thrown;
        }
        this.#leaveOut(engine);
        warnings.push(`A device is no longer used, and this row ran on another: ${messageOf(thrown)}`);
      }
    }
  }

  close(): void {
    for (const engine of this.#engines) engine.close();
  }

  #take(): Promise<Engine> {
    const engine = this.#free.shift();
    return engine === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(engine);
  }

  #give(engine: Engine): void {
    if (!this.#engines.includes(engine)) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(engine);
    else next(engine);
  }

  #leaveOut(engine: Engine): void {
    engine.close();
    for (const list of [this.#engines, this.#free]) {
      for (let index = list.indexOf(engine); index >= 0; index = list.indexOf(engine)) list.splice(index, 1);
    }
  }
}
