import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendRequest } from '#src/io/net/send-request.js';
import { redactUrl, splitCredentials } from '#src/io/net/shown-url.js';
import { withServer } from '../../../support/with-server.js';

const failed = (message: string) => Object.assign(new Error(message), { code: 'TEST' }) as never;
const { signal } = new AbortController();
const { jest } = import.meta;

it('ends a request that is not answered in time, and its connection with it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const closed = new Promise((resolve) => server.on('connection', (socket) => socket.on('close', resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`;
  await expect(sendRequest(url, { signal, failed, patienceMs: 20 })).rejects.toThrow(
    `${url} cannot be reached: no answer within 0.02 s. Try again`,
  );
  /* Without an end of the request, only the server would close it. */
  await closed;
  server.close();
});

it('leaves the body the time it takes, and ends it with the caller’s signal', async () => {
  await withServer(
    (_, response) => void response.write('first'),
    async (url) => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
      const stop = new AbortController();
      const response = await sendRequest(url, { signal: stop.signal, failed, patienceMs: 50 });
      const reader = response.body!.getReader();
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first');
      jest.advanceTimersByTime(100);
      const rest = reader.read();
      stop.abort(new Error('stopped'));
      await expect(rest).rejects.toThrow('stopped');
      jest.useRealTimers();
    },
  );
});

it('stops with the caller’s reason before and during the wait', async () => {
  const ended = AbortSignal.abort(new Error('stopped'));
  await expect(sendRequest('http://127.0.0.1:9', { signal: ended, failed })).rejects.toThrow('stopped');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = new AbortController();
  const connected = once(server, 'connection');
  const sent = sendRequest(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    signal: stop.signal,
    failed,
  });
  await connected;
  stop.abort(new Error('stopped'));
  await expect(sent).rejects.toThrow('stopped');
  server.closeAllConnections();
  server.close();
});

it.each(['http://user:s3cret@127.0.0.1:9/a', 'http://127.0.0.1:9/a?X-Signature=s3cret'])(
  'shows no secret of %s',
  async (url) => {
    const sent = sendRequest(url, { signal, failed });
    await expect(sent).rejects.toThrow(/^http:\/\/127\.0\.0\.1:9\/a(\?…)? cannot be reached: /);
    await expect(sent).rejects.not.toThrow(/s3cret/);
  },
);

it('splits credentials off an address', () => {
  const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
  expect(splitCredentials(new URL('https://a%40b:50%25@host:8443/hub/?x#y'))).toEqual({
    url: 'https://host:8443/hub',
    authorization: basic('a@b:50%'),
  });
  expect(splitCredentials(new URL('https://me:50%off@host'))).toEqual({
    url: 'https://host',
    authorization: basic('me:50%off'),
  });
  expect(splitCredentials(new URL('https://host/'))).toEqual({ url: 'https://host', authorization: null });
  expect(redactUrl('http://me:s3cret@[broken/a?b')).toBe('http://[broken/a');
});
