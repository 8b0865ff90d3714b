import { PassThrough } from 'node:stream';
import { listenForStop } from '#src/cli/stop-signal.js';
import type { Surroundings } from '#src/cli/surroundings.js';

it.each([
  ['EPIPE', { code: 'CANCELLED' }],
  ['ENOSPC', { code: 'OUTPUT_UNWRITABLE', message: expect.stringContaining('Free space') as string }],
])('a stream that says %s stops the run', (code, reason) => {
  const around = { stdout: new PassThrough(), stderr: new PassThrough(), on: () => around, off: () => around };
  const { signal, release } = listenForStop(around as unknown as Surroundings, () => undefined);
  around.stdout.emit('error', Object.assign(new Error(code), { code }));
  expect(signal.reason).toMatchObject(reason);
  release();
});
