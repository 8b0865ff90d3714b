import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { giveUpUnread } from '#src/app/server/score-route.js';

/** More than the system takes over for a client that does not read. */
const LARGE = Buffer.alloc(64 * 2 ** 20, 'a');

/** @param reads at once, or only when the server has closed the connection @returns whether the response came whole */
const serveLarge = async (reads: boolean): Promise<boolean> => {
  let onClose!: () => void;
  const closed = new Promise<void>((resolve) => (onClose = resolve));
  const server = createServer((_request, response) => {
    response.once('close', onClose);
    giveUpUnread(response, reads ? 30_000 : 300);
    response.end(LARGE);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ port, host: '127.0.0.1' }, resolve).on('error', reject);
  });
  response.on('error', () => undefined);
  if (!reads) await closed;
  const ended = new Promise((resolve) => response.once('close', resolve));
  response.resume();
  await ended;
  server.closeAllConnections();
  server.close();
  return response.complete;
};

it('a client that reads nothing of its response is disconnected', async () => {
  expect(await serveLarge(false)).toBe(false);
});

it('a client that reads gets it all', async () => {
  expect(await serveLarge(true)).toBe(true);
});
