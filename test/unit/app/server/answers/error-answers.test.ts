import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { answerBrokenRequest } from '#src/app/server/answers/error-answers.js';

it('a client that never closes its side of a broken request is disconnected', async () => {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    answerBrokenRequest(Object.assign(new Error('x'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  try {
    let answer = '';
    client.setEncoding('utf8').on('data', (text: string) => (answer += text));
    await once(client, 'end');
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*REQUEST_TIMEOUT/);
    const [socket] = sockets;
    expect(socket!.destroyed).toBe(false);
    await once(socket!, 'close');
    expect(client.writable).toBe(true);
  } finally {
    client.destroy();
    server.close();
  }
});
