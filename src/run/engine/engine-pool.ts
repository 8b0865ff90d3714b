/** Several engines, one for each device: a job goes to a free one, and an engine that cannot restart is removed. */
import { isRefineError, messageOf, RefineError } from '../../errors.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import type { JobRunner, RefineOptions } from './engine.js';
import type { EngineInfo } from './protocol.js';

/** Errors of the device or its process, not of the job. */
const DEVICE_ERRORS = new Set(['ENGINE_START', 'DEVICE_UNAVAILABLE', 'SESSION_CREATE']);

export class EnginePool implements JobRunner {
  readonly #engines: JobRunner[];
  /** An engine appears once for each free slot. */
  readonly #free: JobRunner[] = [];
  #isOpen = false;
  readonly #waiting: ((engine: JobRunner) => void)[] = [];
  /** Warnings about removed engines. */
  readonly #lost = new Set<string>();

  /** @param all engines, which differ only in the device */
  constructor(private readonly all: readonly JobRunner[]) {
    this.#engines = [...all];
  }

  get reads(): readonly string[] {
    return this.#engines[0]?.reads ?? [];
  }

  get slots(): number {
    return this.#engines.reduce((sum, { slots }) => sum + slots, 0);
  }

  /**
   * Opens all engines at first; later those that have ended, and leaves out one whose device is lost while another is there.
   * @throws also USAGE_CONFLICT if the devices would compute with different weights: a row's picture would depend on its device
   */
  async open(signal: AbortSignal): Promise<EngineInfo> {
    const infos = this.#isOpen ? await this.#openRest(signal) : await this.#openAll(signal);
    const [first] = infos;
    if (first === undefined) throw new Error('a pool without engines');
    const other = infos.find(({ modelDigest }) => modelDigest !== first.modelDigest);
    if (other !== undefined) {
      this.close();
      throw twoModels(first, other);
    }
    return {
      ...first,
      device: infos.map(({ device }) => device).join(),
      warnings: [...new Set(infos.flatMap(({ warnings = [] }) => warnings)), ...this.#lost],
    };
  }

  async #openAll(signal: AbortSignal): Promise<EngineInfo[]> {
    const infos = await Promise.all(this.#engines.map((engine) => engine.open(signal))).catch((thrown: unknown) => {
      this.close();
      throw thrown;
    });
    if (!this.#isOpen) {
      this.#isOpen = true;
      for (const engine of this.#engines) for (let slot = 0; slot < engine.slots; slot++) this.#release(engine);
    }
    return infos;
  }

  /** Closes none: others may have jobs. */
  async #openRest(signal: AbortSignal): Promise<EngineInfo[]> {
    const engines = [...this.#engines];
    const openings = await Promise.allSettled(engines.map((engine) => engine.open(signal)));
    const isAnyOpen = openings.some(({ status }) => status === 'fulfilled');
    return openings.flatMap((opening, index) => {
      if (opening.status === 'fulfilled') return [opening.value];
      const [engine, reason] = [engines[index] as JobRunner, opening.reason as unknown];
      if (!isAnyOpen || !isLost(reason)) throw reason;
      this.#remove(engine, reason);
      return [];
    });
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
        /* Of several jobs on a lost device, each ends here. */
        const hasOther = this.#engines.some((other) => other !== engine);
        if (!isLost(thrown) || !hasOther) {
          this.#release(engine);
          throw thrown;
        }
        this.#remove(engine, thrown);
        warnings.push(`A device is no longer used, and this row ran on another: ${messageOf(thrown)}`);
      }
    }
  }

  /** Also removed engines: a job that waited in one may have opened it again. */
  close(): void {
    for (const engine of this.all) engine.close();
  }

  #acquire(): Promise<JobRunner> {
    const engine = this.#free.shift();
    return engine === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(engine);
  }

  #release(engine: JobRunner): void {
    if (!this.#engines.includes(engine)) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(engine);
    else next(engine);
  }

  #remove(engine: JobRunner, reason: unknown): void {
    engine.close();
    this.#lost.add(`A device is no longer used: ${messageOf(reason)}`);
    for (const list of [this.#engines, this.#free]) {
      for (let index = list.indexOf(engine); index >= 0; index = list.indexOf(engine)) list.splice(index, 1);
    }
  }
}

const isLost = (thrown: unknown): boolean => isRefineError(thrown) && DEVICE_ERRORS.has(thrown.code);

const twoModels = (first: EngineInfo, other: EngineInfo): RefineError =>
  new RefineError(
    'USAGE_CONFLICT',
    `Expected --device to name devices that compute alike, found ${first.precision} on ${first.device} and ${other.precision} on ${other.device}: ` +
      'a row would depend on the device that takes it. Give --precision fp32, or devices of one kind.',
    { context: { device: other.device } },
  );
