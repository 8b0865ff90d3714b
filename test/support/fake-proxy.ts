/** A proxy on this machine: opens tunnels (CONNECT) and forwards plain requests, or refuses either, and writes down what it was asked. */
import { createServer, request as send, type RequestListener } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface FakeProxy {
  url: string;
  /** `CONNECT host:port`, or `GET http://host:port/path`; what it was told of who asks behind it. */
  seen: string[];
}

export const withProxy = async (
  { tunnels = true, forwards = true }: { tunnels?: boolean; forwards?: boolean },
  use: (proxy: FakeProxy) => Promise<void>,
): Promise<void> => {
  const seen: string[] = [];
  const sockets = new Set<Duplex>();
  const who = (authorization: string | undefined): string => (authorization === undefined ? '' : ` ${authorization}`);
  const forward: RequestListener = (asked, answer) => {
    seen.push(`${asked.method} ${asked.url}${who(asked.headers['proxy-authorization'])}`);
    if (!forwards || asked.url?.startsWith('http://') !== true) {
      answer.writeHead(400).end();
      return;
    }
    const onward = send(asked.url, { method: asked.method ?? 'GET', headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 500, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.writeHead(502).end());
    asked.pipe(onward);
  };
  const server = createServer(forward);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('connect', ({ url = '', headers }, socket: Duplex, head: Buffer) => {
    seen.push(`CONNECT ${url}${who(headers['proxy-authorization'])}`);
    if (!tunnels) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${url}`);
    const target = connect(Number(port || 80), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    sockets.add(target);
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      one.on('error', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
};
