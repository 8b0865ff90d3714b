import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { watchOutputs } from '#src/cli/output-streams.js';
import { listenForStop } from '#src/cli/stop-signal.js';
import type { Surroundings } from '#src/cli/surroundings.js';

describe.each(['stdout', 'stderr'] as const)('%s', (name) => {
  it.each([
    ['EPIPE', { code: 'CANCELLED' }],
    ['ENOSPC', { code: 'OUTPUT_UNWRITABLE', message: expect.stringContaining('Free space') as string }],
  ])('that says %s stops the run', (code, reason) => {
    const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
    const { broken } = watchOutputs(streams);
    const around = Object.assign(new EventEmitter(), { ...streams, broken }) as unknown as Surroundings;
    const before = listenForStop(around, () => undefined);
    streams[name].emit('error', Object.assign(new Error(code), { code }));
    expect(before.signal.reason).toMatchObject(reason);
    expect(listenForStop(around, () => undefined).signal.reason).toMatchObject(reason);
  });
});
