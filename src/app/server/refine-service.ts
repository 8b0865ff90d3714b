/** The engine behind its queue: runs jobs in turn, knows whether the model is ready, and restarts after a crash. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRunner } from '../../run/engine/engine.js';
import type { EngineInfo } from '../../run/engine/protocol.js';
import { StepWatch } from '../../run/engine/step-watch.js';
import { isRefineError, RefineError, type ErrorCode } from '../../errors.js';
import { resolveSettings } from '../../run/manifest/rows/resolve-settings.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import type { RefineSettings } from '../../records/settings.js';
import type { Refiner, RefineHooks } from './score.js';
import { WorkQueue } from './work-queue.js';

export interface ServiceOptions {
  engine: JobRunner;
  /** Most requests in the server at a time. */
  places: number;
  onStepTime?: (seconds: number) => void;
  /** Called when restarting the engine failed, after which another attempt follows, and when a device is lost. */
  onTrouble?: (error: unknown) => void;
}

const WARM_UP_SIDE = 64;
const RESTART_PAUSE_MS = 1000;
/** Time for a job to stop, which it does between two steps: at least. */
const LEAST_STOP_MS = 60_000;

export class RefineService implements Refiner {
  readonly queue: WorkQueue;
  #info: EngineInfo | null = null;
  #isReady = false;
  /** Of steps at any size: how long one takes at a size that has not run yet. */
  readonly #steps = new StepWatch(LEAST_STOP_MS);
  readonly #closed = new AbortController();

  constructor(private readonly options: ServiceOptions) {
    this.queue = new WorkQueue(options.places, () => options.engine.slots);
  }

  /** Whether the model has run, and has not failed since. */
  get isReady(): boolean {
    return this.#isReady;
  }

  info(): EngineInfo {
    if (this.#info !== null) return this.#info;
    throw new RefineError('ENGINE_START', 'Expected an open model, found none yet: wait until /ready answers 200.');
  }

  /**
   * Opens the model and runs it once.
   * @throws MODEL_* WEIGHTS_* SESSION_* ENGINE_*
   */
  warmUp(): Promise<void> {
    return this.#warmUp(false);
  }

  /** @param isRestart before the requests that wait, which would run on the broken engine */
  async #warmUp(isRestart: boolean): Promise<void> {
    const data = new Uint8Array(WARM_UP_SIDE * WARM_UP_SIDE * 3).fill(128);
    const input = { kind: 'pixels', pixels: { data, width: WARM_UP_SIDE, height: WARM_UP_SIDE } } as const;
    const job: EngineJob = { input, settings: ONE_STEP, output: 'pixels', bitDepth: 8 };
    const { signal } = this.#closed;
    const work = (): Promise<RefineReply> =>
      this.#refine(job, { signal, onStep: () => undefined }).catch((thrown: unknown) => {
        /* A new process may succeed. Other jobs may run well in this one. */
        if (isRestart && this.queue.busy === 1) this.options.engine.close();
        throw thrown;
      });
    await this.queue.run(signal, work, isRestart);
  }

  refine(prepare: () => Promise<EngineJob>, hooks: RefineHooks): Promise<RefineReply> {
    return this.queue.run(hooks.signal, async () => this.#refine(await prepare(), hooks));
  }

  async #refine(job: EngineJob, { signal, onStep }: RefineHooks): Promise<RefineReply> {
    signal.throwIfAborted();
    let last = performance.now();
    try {
      this.#noteDevices(await this.options.engine.open(this.#closed.signal));
      const reply = await this.options.engine.refine(job, {
        signal: this.#closed.signal,
        stop: signal,
        stopMs: this.#steps.limitOf(job),
        onStep: (step, steps, preview) => {
          const now = performance.now();
          /* The first step's time includes encoding the picture and the prompt. */
          if (step > 1) {
            this.options.onStepTime?.((now - last) / 1000);
            this.#steps.observe(job, now - last);
          }
          last = now;
          onStep(step, steps, preview);
        },
      });
      this.#isReady = true;
      return reply;
    } catch (thrown) {
      if (thrown !== signal.reason) this.#restartAfter(thrown);
      throw thrown;
    }
  }

  /** Ends the engine and its current job. */
  close(): void {
    this.#closed.abort(new RefineError('SERVER_STOPPING', 'The server is stopping. Try again later.'));
    this.options.engine.close();
  }

  /** Reports when a device was lost. */
  #noteDevices(info: EngineInfo): void {
    const before = this.#info;
    this.#info = info;
    if (before === null || before.device === info.device) return;
    const reasons = (info.warnings ?? []).filter((warning) => before.warnings?.includes(warning) !== true);
    const message = [`Serving on ${info.device}, no longer on ${before.device}.`, ...reasons].join(' ');
    this.options.onTrouble?.(new RefineError('DEVICE_UNAVAILABLE', message));
  }

  /** Restarts the engine, before the next request, if it has crashed, hung or could not open its model again. */
  #restartAfter(thrown: unknown): void {
    if (this.#closed.signal.aborted) return;
    const isOfJob = isRefineError(thrown) && thrown.scope === 'row' && !ENGINE_LOST.includes(thrown.code);
    if (isOfJob) return;
    const wasReady = this.#isReady;
    this.#isReady = false;
    if (wasReady) void this.#restart();
  }

  async #restart(): Promise<void> {
    const isOver = (): boolean => this.#closed.signal.aborted;
    while (!this.#isReady && !isOver()) {
      try {
        await this.#warmUp(true);
      } catch (thrown) {
        if (isOver()) return;
        this.options.onTrouble?.(thrown);
        await sleep(RESTART_PAUSE_MS);
      }
    }
  }
}

const ENGINE_LOST: readonly ErrorCode[] = ['ENGINE_CRASHED', 'ENGINE_STALLED'];

const ONE_STEP = resolveSettings({ prompt: '', steps: 1, strength: 1, guidance_scale: 1, seed: 0 }, new Set(), {
  options: {},
  runSeed: 0,
}) as RefineSettings;
