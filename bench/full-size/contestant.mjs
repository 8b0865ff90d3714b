/** One program under measurement: a process that answers one JSON line to one, started when it is first asked. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { watchProgram } from './device-memory.mjs';

export class Contestant {
  #child;
  #lines;
  #endWatch;
  /** GB, of the process that was closed last. */
  memory = { resident: 0, private: 0, device: null };
  /** What it says of itself. */
  versions = '';

  /** @param env of the process */
  constructor(name, [command, ...parameters], env = process.env) {
    this.name = name;
    this.command = command;
    this.parameters = parameters;
    this.env = env;
  }

  /** @returns the answer's seconds; from its start on when it was not running @throws what the process answers as error */
  async ask(op, request = {}) {
    const started = this.#child === undefined ? performance.now() : undefined;
    const { seconds } = await this.facts(op, request);
    return started === undefined ? seconds : (performance.now() - started) / 1000;
  }

  /** @returns the whole answer @throws as `ask` */
  async facts(op, request = {}) {
    if (this.#child === undefined) this.#start();
    this.#child.stdin.write(`${JSON.stringify({ op, ...request })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) {
      await this.close();
      throw new Error('the process ended; memory may have run out');
    }
    const { error, ...facts } = JSON.parse(value);
    if (error !== undefined) throw new Error(error);
    this.versions = facts.versions ?? this.versions;
    return facts;
  }

  async close() {
    const child = this.#child;
    if (child === undefined) return;
    this.memory = this.#endWatch();
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.on('close', resolve);
      child.kill('SIGKILL');
    });
  }

  #start() {
    const child = spawn(this.command, this.parameters, {
      env: this.env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.on('error', () => undefined);
    child.stdin.on('error', () => undefined);
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#endWatch = watchProgram(child.pid);
  }
}
