/** A web server on this machine, for as long as a test needs it. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** @param use is given the server's URL, without a slash at its end */
export const withServer = async (listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};
