/**
 * The command in a process that runs it again and again: all of it is real but the engine, which gives every picture back
 * as it came. Started by `shaken-command.ts`, with the shim before its libc.
 */
import { closeSync, openSync, rmdirSync, writeSync } from 'node:fs';
import process, { argv, execPath } from 'node:process';
import { Readable, Writable } from 'node:stream';
import { main } from '#src/app/cli/main.js';
import { Engine } from '#src/run/engine/engine.js';
import { parseSchedulerConfig } from '#src/diffusion/schedulers/registry.js';
import type { Order } from './shaken-command.js';

const scheduler = 'EulerDiscreteScheduler';
const schedulerConfig = parseSchedulerConfig({ _class_name: scheduler });

Engine.prototype.open = () => {
  const where = { device: 'cpu', precision: 'fp32', rejected: [], openedInMs: 0 };
  return Promise.resolve({ model: 'as-it-came', modelDigest: '0'.repeat(64), schedulerConfig, ...where });
};
Engine.prototype.refine = ({ input }) => {
  if (input.kind !== 'pixels') throw new Error(`there is no engine here for ${input.kind}`);
  const { width, height } = input.pixels;
  return Promise.resolve({ output: { kind: 'pixels', pixels: input.pixels }, stepsRun: 1, scheduler, width, height });
};

/** Into a file at once: what was said before a kill stays said. */
const writeTo = (fd: number): Writable =>
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      writeSync(fd, chunk);
      done();
    },
  });

process.on('message', ({ args, shim, stdout, stderr }: Order) => {
  const [out, err] = [openSync(stdout, 'w'), openSync(stderr, 'w')];
  rmdirSync(shim);
  void main([execPath, argv[1] ?? '', ...args], {
    stdin: Readable.from([]),
    stdout: writeTo(out),
    stderr: writeTo(err),
    env: { XDG_CONFIG_HOME: '/nowhere' },
    cwd: () => '/',
    on: () => undefined,
    off: () => undefined,
    kill: (pid, signal) => process.kill(pid, signal),
    exit: (code) => process.exit(code),
  }).then((code) => {
    closeSync(out);
    closeSync(err);
    process.send?.(code);
  });
});
