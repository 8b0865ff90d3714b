import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { RefineError } from '#src/errors.js';
import type { ErrorAnswer } from '#src/app/server/answers/error-answer.js';
import { answerBrokenRequest, reportFailure, watchResponses } from '#src/app/server/answers/error-answers.js';
import { createLog, type Log } from '#src/app/server/log.js';
import type { Metrics } from '#src/app/server/metrics.js';

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

describe('broken data on a connection', () => {
  /** Sends text, and more after the first of the answer, to a server whose answers do not end. @returns what comes back */
  const answerTo = async (text: string, begin: (response: ServerResponse) => void, more?: string): Promise<string> => {
    const server = createHttpServer((_request, response) => {
      begin(response);
    });
    watchResponses(server);
    server.on('clientError', answerBrokenRequest);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    let answer = '';
    client.setEncoding('utf8').on('data', (part: string) => (answer += part));
    client.on('error', () => undefined);
    if (more !== undefined) client.once('data', () => client.write(more));
    client.write(text);
    await once(client, 'close');
    server.close();
    return answer;
  };
  const whole = 'POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}';

  it('is answered before a request is whole', async () => {
    expect(await answerTo('GARBAGE\r\n\r\n', () => undefined)).toMatch(/^HTTP\/1\.1 400 /);
    const chunked = 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno chunk';
    expect(await answerTo(chunked, () => undefined)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('is not answered within the answer to a request before it', async () => {
    const begin = (response: ServerResponse): void => {
      response.write('begun');
    };
    const answer = await answerTo(whole, begin, 'GARBAGE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*begun/);
    expect(answer).not.toContain('400');
  });

  it('is not answered in place of the answer to a request before it', async () => {
    expect(await answerTo(`${whole}GARBAGE\r\n\r\n`, () => undefined)).toBe('');
  });
});

describe('failures of the server', () => {
  const secret = 'no such file: /home/operator/model';
  const logged: unknown[] = [];
  const counted: string[] = [];
  const metrics = { failed: (code: string) => counted.push(code) } as unknown as Metrics;
  const log = { note: () => undefined, surprise: (thrown: unknown) => logged.push(thrown) } as unknown as Log;
  const report = (thrown: unknown): ErrorAnswer =>
    reportFailure(thrown, { routeOptions: { url: '/score' } } as FastifyRequest, { metrics, log });

  it.each([
    ['MODEL_NOT_FOUND', 500],
    ['WEIGHTS_FILE_MISSING', 500],
    ['CACHE_UNWRITABLE', 500],
    ['SESSION_RUN', 500],
    ['SESSION_CREATE', 503],
    ['ENGINE_START', 503],
    ['CONTENT_SAFETY_SETUP', 503],
    ['CONTENT_SAFETY_UNAVAILABLE', 503],
  ] as const)('%s: the reason is in the log, not in the answer', (code, status) => {
    const thrown = new RefineError(code, secret, { context: { row: 1 } });
    const answer = report(thrown);
    expect(answer).toMatchObject({ status, body: { error: { code, row: 1 } } });
    expect(answer.body.error.message).toMatch(/^(?!.*operator).* log /);
    expect(logged.at(-1)).toBe(thrown);
  });

  it('what a row can do without is told, and not why', () => {
    const thrown = new RefineError('SESSION_RUN', secret, { context: { mend: 'take a smaller picture' } });
    expect(report(thrown).body.error.message).toMatch(/^(?!.*operator).* log .* take a smaller picture\.$/);
  });

  it.each(['ENGINE_CRASHED', 'SERVER_BUSY', 'DEADLINE_EXCEEDED', 'ROW_FIELD_INVALID', 'QUEUE_FULL'] as const)(
    '%s is told',
    (code) => {
      const before = logged.length;
      expect(report(new RefineError(code, 'how to mend it')).body.error.message).toBe('how to mend it');
      expect(logged).toHaveLength(before);
    },
  );

  it('an unexpected one is told as one, also if it looks like one of fastify', () => {
    const thrown = Object.assign(new Error(secret), { code: 'FST_X', statusCode: 503 });
    expect(report(thrown)).toMatchObject({ status: 500, body: { error: { code: 'INTERNAL' } } });
    expect(JSON.stringify(report(thrown))).not.toContain('operator');
    expect(logged.at(-1)).toBe(thrown);
  });

  it('the log has the message of a known one, and the stack of an unexpected one', () => {
    let text = '';
    const { surprise } = createLog((part) => (text += part), false, true);
    surprise(new RefineError('MODEL_NOT_FOUND', secret));
    expect(text).toBe(`MODEL_NOT_FOUND: ${secret}\n`);
    surprise(new Error('boom'));
    expect(text).toMatch(/Error: boom\n\s+at /);
  });
});
