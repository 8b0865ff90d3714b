/** How `serve` begins: what it refuses, and what it says of where it listens. */
import { model } from '../support/batch.js';
import { runCli } from '../support/run-cli.js';
import { startListening, stopServe } from '../support/serve.js';

it.each([
  [['--host', '0.0.0.0'], 'USAGE_CONFLICT', 2],
  [['--host', '::'], 'USAGE_CONFLICT', 2],
  [['--tls-cert', 'cert.pem'], 'USAGE_CONFLICT', 2],
  [['--key-file', 'nowhere'], 'USAGE_OPTION_INVALID', 2],
  [['--port', 'many'], 'USAGE_OPTION_INVALID', 2],
  [['--queue', '-1'], 'USAGE_OPTION_INVALID', 2],
  [['--strength', '3'], 'USAGE_OPTION_INVALID', 2],
  [['--model', 'nowhere', '--port', '0'], 'MODEL_NOT_FOUND', 4],
])('serve %j ends with %s', async (args, name, code) => {
  const ended = await runCli(['serve', ...args]);
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(`[${name}]`) });
});

it('says so when its port is taken', async () => {
  const server = await startListening();
  try {
    const ended = await runCli(['serve', '--model', model, '--port', String(server.port)]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('[LISTEN_FAILED]') });
  } finally {
    await stopServe(server);
  }
});
