/** How `serve` begins: what it refuses, and what it says of where it listens. */
import { networkInterfaces } from 'node:os';
import { model } from '../support/batch.js';
import { waitFor } from '../support/processes.js';
import { runCli } from '../support/run-cli.js';
import { startListening, stopServe, type Serving } from '../support/serve.js';

let servers: Serving[] = [];
const start = async (args: readonly string[] = [], env = {}): Promise<Serving> => {
  const server = await startListening(args, { env: { ...process.env, ...env } });
  servers.push(server);
  return server;
};
const said = async (server: Serving): Promise<string> => {
  await waitFor('its first words', () => server.log().includes('in a browser'));
  return server.log();
};
afterEach(async () => {
  await Promise.all(servers.map(stopServe));
  servers = [];
});

it('says where its page and its endpoint are', async () => {
  const server = await start();
  const { port } = server;
  const log = await said(server);
  expect(log).toContain(`Listening on http://127.0.0.1:${port}\n`);
  expect(log).toContain(
    `Open http://127.0.0.1:${port}/ in a browser, or send requests to http://127.0.0.1:${port}/score\n`,
  );
  expect(log).not.toContain('Warning');
});

it('on all addresses, names each that can be opened, and says that anyone may', async () => {
  const server = await start(['--host', '0.0.0.0', '--no-auth']);
  const log = await said(server);
  const own = Object.values(networkInterfaces())
    .flat()
    .filter((found) => found?.family === 'IPv4')
    .map((found) => found.address);
  for (const address of new Set(['127.0.0.1', ...own.filter((address) => !address.startsWith('169.254.'))])) {
    expect(log).toContain(`Listening on http://${address}:${server.port}\n`);
  }
  expect(log).not.toContain('Listening on http://0.0.0.0');
  expect(log).toMatch(/^Warning: .*exposes the server without authentication/m);
});

it('warns of nothing where there is a key', async () => {
  const server = await start(['--host', '0.0.0.0'], { SDXL_REFINE_KEY: 'a key of a test' });
  expect(await said(server)).not.toContain('Warning');
});

it('refuses to listen beyond this machine without a key, and says why', async () => {
  const ended = await runCli(['serve', '--host', '0.0.0.0']);
  expect(ended.stderr).toContain('exposes the server without authentication');
});

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

it('says what to do when its port is taken', async () => {
  const { port } = await start();
  const ended = await runCli(['serve', '--model', model, '--port', String(port)]);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toContain(`Port ${port} of 127.0.0.1 is in use by another program`);
  expect(ended.stderr).toContain('Give another --port (0: any free one), or end that program');
});

it('says what is wrong with a host that is not this machine', async () => {
  const ended = await runCli(['serve', '--model', model, '--port', '0', '--host', '192.0.2.1', '--no-auth']);
  expect(ended).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('192.0.2.1 is not an address of this machine'),
  });
});
