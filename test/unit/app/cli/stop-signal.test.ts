import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { watchOutputs } from '#src/app/cli/progress/output-streams.js';
import { listenForStop } from '#src/app/cli/stop-signal.js';
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { createTerminal } from '#src/app/cli/progress/terminal.js';

describe.each(['stdout', 'stderr'] as const)('%s', (name) => {
  it.each([
    ['EPIPE', { code: 'CANCELLED' }],
    ['ENOSPC', { code: 'OUTPUT_UNWRITABLE', message: expect.stringContaining('Free space') as string }],
  ])('that says %s stops the run', (code, reason) => {
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
    const { broken } = watchOutputs(streams);
    const context = Object.assign(new EventEmitter(), { ...streams, broken }) as unknown as ProcessContext;
    const before = listenForStop(context, () => undefined);
    streams[name].emit('error', Object.assign(new Error(code), { code }));
    expect(before.signal.reason).toMatchObject(reason);
    expect(listenForStop(context, () => undefined).signal.reason).toMatchObject(reason);
  });
});

describe('a signal that ends programs', () => {
  const listen = () => {
    const exits: number[] = [];
    const stderr = createTerminal({ stderr: new PassThrough(), env: {} });
    const streams = { stderr, broken: new AbortController().signal };
    const context = Object.assign(new EventEmitter(), { ...streams, exit: (code: number) => exits.push(code) });
    const stop = listenForStop(context as unknown as ProcessContext, () => undefined);
    return { context, stop, exits };
  };

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])('%s asks for an orderly stop, once', (name) => {
    const { context, stop, exits } = listen();
    context.emit(name);
    expect(stop.signal.reason).toMatchObject({ code: 'CANCELLED', exitCode: 130 });
    expect(exits).toEqual([]);
    context.emit('SIGHUP');
    expect(exits).toEqual([]);
    context.emit('SIGQUIT');
    expect(exits).toEqual([130]);
  });

  it('has its usual meaning again after a run', () => {
    const { context, stop } = listen();
    stop.release();
    expect(context.eventNames()).toEqual([]);
  });
});
