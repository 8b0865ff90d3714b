/**
 * Lets the runs of a test host have the same engine process, one after another: it has loaded its modules, which takes longer than a
 * picture of a tiny model. A run that ends its engine gives it back; an engine that failed, or is killed at work, really ends.
 */
import childProcess, { type ChildProcess, type ForkOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { isAbsolute } from 'node:path';
import type { FromChild, ToChild } from '#src/run/engine/protocol.js';

/** Models that an engine process opens: it keeps the memory of earlier ones until its garbage collection. */
const MOST_LOANS = 12;
const MOST_IDLE = 2;
/** Variables that only the command reads, and those that it or its libraries set while they are loaded. */
const NOT_ENGINES = /^(CONTENT_SAFETY_|GITHUB_|HF_|ORT_DISABLE_TELEMETRY$|VIPSHOME$)/;

interface IdleEngine {
  child: ChildProcess;
  environment: string;
  loans: number;
}

const idle: IdleEngine[] = [];

/** Has what the program uses of a ChildProcess. */
class LentEngine extends EventEmitter {
  readonly pid: number | undefined;
  #isOver = false;
  #isReusable = true;
  #unanswered = 0;

  constructor(private readonly engine: IdleEngine) {
    super();
    this.pid = engine.child.pid;
    engine.child.on('message', this.#onMessage).on('exit', this.#onExit).on('error', this.#onError);
  }

  send(message: ToChild, done: (error: Error | null) => void): boolean {
    if (message.kind === 'open') this.#isReusable &&= isShareable(message);
    if (message.kind !== 'stop') this.#unanswered++;
    return this.engine.child.send(message, done);
  }

  kill(signal: NodeJS.Signals): boolean {
    if (this.#isOver) return false;
    const { child, loans } = this.engine;
    if (!this.#isReusable || this.#unanswered > 0 || loans >= MOST_LOANS || idle.length >= MOST_IDLE)
      return child.kill(signal);
    this.#leave();
    keepAlive(child, false);
    idle.push(this.engine);
    setImmediate(() => this.emit('exit', null, signal));
    return true;
  }

  #leave(): void {
    this.#isOver = true;
    this.engine.child.off('message', this.#onMessage).off('exit', this.#onExit).off('error', this.#onError);
  }

  readonly #onMessage = (answer: FromChild): void => {
    if (answer.kind !== 'progress') this.#unanswered--;
    if (answer.kind === 'failed') this.#isReusable = false;
    this.emit('message', answer);
  };

  readonly #onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
    this.#leave();
    this.emit('exit', code, signal);
  };

  readonly #onError = (error: Error): void => {
    this.#isReusable = false;
    this.emit('error', error);
  };
}

/** An engine process is in the folder of the run that started it. */
const isShareable = ({ options, target }: Extract<ToChild, { kind: 'open' }>): boolean => {
  const { model, vae, loras = [], embeddings = [] } = options;
  const paths = [
    model,
    ...(typeof vae === 'string' ? [vae] : []),
    ...[...loras, ...embeddings].map(({ file }) => file),
  ];
  return target.family === 'cpu' && paths.every((path) => isAbsolute(path));
};

const keepAlive = (child: ChildProcess, keeps: boolean): void => {
  const act = keeps ? 'ref' : 'unref';
  child[act]();
  child.channel?.[act]();
};

/** Replaces `fork`, before the program's modules import it. */
export const shareEngines = (): void => {
  const { fork } = childProcess;
  const share = (path: string, options: ForkOptions): unknown => {
    if (!path.endsWith('start-child.js')) return fork(path, options);
    const environment = JSON.stringify(
      Object.entries(options.env ?? {})
        .filter(([name]) => !NOT_ENGINES.test(name))
        .sort(),
    );
    const at = idle.findIndex((engine) => engine.environment === environment);
    const [found] = at < 0 ? [] : idle.splice(at, 1);
    const engine = found ?? { child: fork(path, options), environment, loans: 0 };
    engine.loans++;
    keepAlive(engine.child, true);
    return new LentEngine(engine);
  };
  childProcess.fork = share as typeof fork;
  syncBuiltinESMExports();
};
