/**
 * The parent's side of the engine, a child process that owns the device. Inference blocks its thread and cannot be cancelled, and
 * native code can crash its process. So cancelling ends the child, a crash fails one row, and the next row starts a new child.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { chooseTarget, onCpu, type TargetChoice } from '../../onnx/devices/choose-target.js';
import { loaderEnvironment } from '../../onnx/libraries/loader-environment.js';
import { CPU, deviceName } from '../../onnx/graph/operators/target.js';
import { fromErrorRecord, isRefineError, RefineError } from '../../errors.js';
import type { EngineJob, RefineReply } from '../../records/job.js';
import type { Pixels } from '../../records/picture.js';
import { LONGEST_TIMER_MS } from '../../io/system/longest-timer.js';
import { Turns } from '../../io/system/turns.js';
import { engineEnvironment } from './engine-environment.js';
import { killAtExit } from './kill-at-exit.js';
import { openAgain } from './open-again.js';
import { batchSizeOn, OPENING, type EngineInfo, type EngineOptions, type FromChild, type ToChild } from './protocol.js';
import type { StepWatch } from './step-watch.js';

export interface RefineOptions {
  signal: AbortSignal;
  /** Ends the job between two steps, or runs of a text encoder, with this signal's reason; the child and its model stay. */
  stop?: AbortSignal;
  /** Most milliseconds from `stop` to the job's end; then the child is ended, with ENGINE_STALLED. Default: any. */
  stopMs?: number;
  /** `preview` if the job asks for it. */
  onStep?: (step: number, steps: number, preview?: Pixels) => void;
  /** Ends a child that takes no step for too long. */
  watch?: StepWatch;
}

/** Runs jobs: an engine, or several. */
export interface JobRunner {
  /** Files and folders of the model, its VAE, LoRAs and embeddings. */
  readonly reads: readonly string[];
  /** Jobs that run at a time once it is open; more wait. */
  readonly slots: number;
  /** Starts it and opens the model, once. @throws ENGINE_START, the signal's reason, and the errors of loadModel */
  open(signal: AbortSignal): Promise<EngineInfo>;
  /** @throws ENGINE_CRASHED, ENGINE_STALLED if it is watched, the signal's reason, and the job's errors */
  refine(job: EngineJob, options: RefineOptions): Promise<RefineReply>;
  /** Ends its processes, which frees their memory. */
  close(): void;
}

/** Consecutive attempts to open a child. */
const MOST_OPENINGS = 5;

export class Engine implements JobRunner {
  #child: ChildProcess | undefined;
  #info: EngineInfo | undefined;
  #choice: TargetChoice | undefined;
  #opening: Promise<EngineInfo> | undefined;
  #hasOpened = false;
  readonly #turns = new Turns(() => this.slots);
  #lastId = OPENING;
  /** Jobs that ran when the last child died: any of them may have been the cause. */
  #jobsAtDeath = 0;
  /** Children that did not die by themselves. */
  readonly #ended = new WeakSet<ChildProcess>();

  constructor(
    private readonly options: EngineOptions,
    private readonly choose: typeof chooseTarget = chooseTarget,
  ) {}

  get slots(): number {
    return batchSizeOn(this.options.batchSize ?? 1, this.#choice?.target ?? CPU);
  }

  get reads(): readonly string[] {
    const { model, vae = null, loras = [], embeddings = [] } = this.options;
    return [model, ...(vae === null ? [] : [vae]), ...[...loras, ...embeddings].map(({ file }) => file)];
  }

  open(signal: AbortSignal): Promise<EngineInfo> {
    if (this.#child !== undefined && this.#info !== undefined) return Promise.resolve(this.#info);
    return (this.#opening ??= this.#openAgain(signal).finally(() => {
      this.#opening = undefined;
    }));
  }

  /** A child that is killed before any has opened the model is not replaced: the model may be too large. */
  async #openAgain(signal: AbortSignal): Promise<EngineInfo> {
    const info = await openAgain(() => this.#open(signal), this.#hasOpened ? MOST_OPENINGS : 1);
    this.#hasOpened = true;
    return info;
  }

  async #open(signal: AbortSignal): Promise<EngineInfo> {
    const { device, precision = 'auto' } = this.options;
    this.#choice ??= await this.choose(device, precision, { signal });
    const { target, rejected } = this.#choice;
    try {
      return await this.#openOn(this.#choice, signal);
    } catch (thrown) {
      const failed = isRefineError(thrown) && (thrown.code === 'SESSION_CREATE' || thrown.code === 'ENGINE_START');
      if (device !== 'auto' || target.family === 'cpu' || !failed || precision === 'fp16') throw thrown;
      /* A device that passed its self-test may have too little memory for the model. */
      rejected.push({ device: deviceName(target), reason: thrown.message, tried: true });
      this.#choice = { target: onCpu(precision), rejected };
      return await this.#openOn(this.#choice, signal);
    }
  }

  async #openOn({ target, rejected }: TargetChoice, signal: AbortSignal): Promise<EngineInfo> {
    const child = fork(fileURLToPath(new URL('./start-child.js', import.meta.url)), {
      env: engineEnvironment(await loaderEnvironment(target.family, env)),
      serialization: 'advanced',
      /* Standard output belongs to results: native code must not write to it. */
      stdio: ['ignore', 2, 2, 'ipc'],
      /* In its own process group, so that a terminal's Ctrl-C reaches the parent only, which decides for both. */
      detached: true,
    });
    this.#child = child;
    killAtExit(child);
    /* Each of several jobs has its listeners. */
    child.setMaxListeners(0);
    child.once('exit', () => {
      this.#jobsAtDeath = this.#turns.running;
      if (this.#child === child) this.#child = undefined;
    });
    const message = { kind: 'open', options: this.options, target } as const;
    const answer = await this.#ask(child, message, OPENING, { signal }).catch((thrown: unknown) => {
      /* A child without a model cannot run the next row. */
      this.close();
      throw thrown;
    });
    if (answer.kind !== 'opened') throw new Error(`the engine answered ${answer.kind}`);
    const skipped = rejected
      .filter(({ tried, remedy }) => tried || remedy !== undefined)
      .map(({ device, reason, remedy }) => `${device} skipped: ${reason}${remedy === undefined ? '' : `. ${remedy}`}`);
    this.#info = { ...answer.info, warnings: [...(answer.info.warnings ?? []), ...skipped], rejected };
    return this.#info;
  }

  /**
   * A child that dies before the job's first step is replaced, once: the job was not the cause. If it ran several jobs, any may
   * be the cause: each runs again, alone.
   */
  async refine(job: EngineJob, options: RefineOptions): Promise<RefineReply> {
    let reports = 0;
    const onStep = (step: number, steps: number, preview?: Pixels): void => {
      reports++;
      options.onStep?.(step, steps, preview);
    };
    const run = (): Promise<RefineReply> => this.#refineOnce(job, { ...options, onStep });
    try {
      return await this.#turns.take(run);
    } catch (thrown) {
      const mayBeAnother = reports === 0 || this.#jobsAtDeath > 1;
      if (!mayBeAnother || !isRefineError(thrown) || thrown.code !== 'ENGINE_CRASHED') throw thrown;
      return await (this.#jobsAtDeath > 1 ? this.#turns.takeAlone(run) : this.#turns.take(run));
    }
  }

  async #refineOnce(job: EngineJob, options: RefineOptions): Promise<RefineReply> {
    await this.open(options.signal);
    options.stop?.throwIfAborted();
    if (this.#child === undefined) throw crashError('ENGINE_CRASHED', null, null);
    const id = ++this.#lastId;
    const answer = await this.#ask(this.#child, { kind: 'refine', id, job }, id, options);
    if (answer.kind !== 'refined') throw new Error(`the engine answered ${answer.kind}`);
    return answer.reply;
  }

  close(): void {
    if (this.#child !== undefined) this.#ended.add(this.#child);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    this.#info = undefined;
  }

  /** Sends a message and waits for its answer, the child's death or the signal. */
  #ask(
    child: ChildProcess,
    message: ToChild,
    id: number,
    { signal, stop, stopMs = Infinity, onStep, watch }: RefineOptions,
  ): Promise<Exclude<FromChild, { kind: 'progress' | 'stopped' }>> {
    const deathCode = id === OPENING ? 'ENGINE_START' : 'ENGINE_CRASHED';
    return new Promise((resolve, reject) => {
      const job = message.kind === 'refine' ? message.job : null;
      let timer: NodeJS.Timeout | undefined;
      let stopTimer: NodeJS.Timeout | undefined;
      let lastStepAt: number | null = null;
      const awaitStep = (): void => {
        clearTimeout(timer);
        if (watch === undefined || job === null) return;
        const limit = Math.min(watch.limitOf(job), LONGEST_TIMER_MS);
        timer = setTimeout(() => {
          onStalled(stallError(limit));
        }, limit);
      };
      const onStalled = (error: RefineError): void => {
        if (this.#child === child) this.close();
        fail(error);
      };
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        clearTimeout(stopTimer);
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        signal.removeEventListener('abort', onAbort);
        stop?.removeEventListener('abort', onStop);
        act();
      };
      const fail = (error: Error): void => {
        settle(() => {
          reject(error);
        });
      };
      const onMessage = (answer: FromChild): void => {
        if (answer.id !== id) return;
        if (answer.kind === 'progress') {
          const now = performance.now();
          if (lastStepAt !== null && job !== null) watch?.observe(job, now - lastStepAt);
          lastStepAt = now;
          awaitStep();
          onStep?.(answer.step, answer.steps, answer.preview);
        } else if (answer.kind === 'stopped') fail(stop?.reason as Error);
        else if (answer.kind === 'failed') fail(fromErrorRecord(answer.error));
        else
          settle(() => {
            resolve(answer);
          });
      };
      const onExit = (code: number | null, name: NodeJS.Signals | null): void => {
        /* A Ctrl-C right after the fork reaches the child too, and Node may tell of its death before the signal: that one decides. */
        setImmediate(() => {
          fail(this.#ended.has(child) ? endedError(deathCode) : crashError(deathCode, code, name));
        });
      };
      const onError = (cause: Error): void => {
        if (this.#child === child) this.close();
        const message = `The inference engine could not be reached: ${cause.message}. Try again; if it stays, run "sdxl-refine doctor".`;
        fail(new RefineError(deathCode, message, { cause }));
      };
      const onAbort = (): void => {
        this.close();
        fail(signal.reason as Error);
      };
      const onStop = (): void => {
        child.send({ kind: 'stop', id } satisfies ToChild);
        if (stopMs === Infinity) return;
        stopTimer = setTimeout(
          () => {
            onStalled(unstoppableError(stopMs));
          },
          Math.min(stopMs, LONGEST_TIMER_MS),
        );
      };
      if (signal.aborted) {
        onAbort();
        return;
      }
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      signal.addEventListener('abort', onAbort, { once: true });
      stop?.addEventListener('abort', onStop, { once: true });
      awaitStep();
      child.send(message, (error) => {
        if (error !== null) onError(error);
      });
    });
  }
}

const stallError = (limitMs: number): RefineError =>
  new RefineError(
    'ENGINE_STALLED',
    `Expected a step of the inference engine within ${Math.round(limitMs / 1000)} s, ten times what steps take here, and none came: its process was ended. Look for errors of the device's driver.`,
    { context: { limitMs } },
  );

const unstoppableError = (limitMs: number): RefineError =>
  new RefineError(
    'ENGINE_STALLED',
    `Expected the inference engine to stop within ${Math.round(limitMs / 1000)} s, and it did not: its process was ended. Look for errors of the device's driver.`,
    { context: { limitMs } },
  );

/** No crash: for another job, for instance. */
const endedError = (code: 'ENGINE_START' | 'ENGINE_CRASHED'): RefineError =>
  new RefineError(code, 'The inference engine was ended while it had this row. Try again.');

const crashError = (
  deathCode: 'ENGINE_START' | 'ENGINE_CRASHED',
  exitCode: number | null,
  signal: NodeJS.Signals | null,
): RefineError => {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `signal ${signal}`;
  const hint = signal === 'SIGKILL' ? ' The system may have run out of memory: try smaller pictures.' : '';
  const what = deathCode === 'ENGINE_START' ? 'died while opening the model' : 'died while refining this row';
  return new RefineError(deathCode, `The inference engine ${what} (${how}).${hint}`, { context: { exitCode, signal } });
};
