/** A thousand wrong requests: each gets a 4xx that says why, the queue stays free, and a good one is served at the end. */
import { connect } from 'node:net';
import { mt19937 } from '#src/diffusion/random/mt19937.js';
import { badRequest, type BadRequest } from '../support/bad-requests.js';
import {
  postScore,
  quickRequest,
  readMetric,
  startServe,
  stopServe,
  type ErrorBody,
  type Serving,
} from '../support/serve.js';

const REQUESTS = 1000;
const AT_ONCE = 16;
const SEED = 20_261_123;

interface Answer {
  status: number;
  body: string;
}

let server: Serving;
beforeAll(async () => {
  server = await startServe(['--receive-timeout', '2', '--body-limit', '1', '--queue', '100']);
});
afterAll(() => stopServe(server));

/** Sends raw bytes and reads to the end of the connection. */
const exchange = ({ bytes, halfClose }: BadRequest): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      /* A server that has answered may close while we still write. */
      if (chunks.length === 0) reject(error);
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), body: text.slice(text.indexOf('\r\n\r\n') + 4) });
    });
    socket.write(bytes);
    if (halfClose) socket.end();
  });

const faultOf = (request: BadRequest, { status, body }: Answer): string | null => {
  const isRefused = status >= 400 && status < 500;
  let error: Partial<ErrorBody['error']> | undefined;
  try {
    ({ error } = JSON.parse(body) as Partial<ErrorBody>);
  } catch {
    /* Said below. */
  }
  const length = error?.message?.length ?? 0;
  const isClear = typeof error?.code === 'string' && length > 20 && length < 2000;
  return isRefused && isClear ? null : `${status} ${body.slice(0, 300)} for ${request.what}`;
};

it('refuses every one of a thousand bad requests, and then serves a good one', async () => {
  const numbers = mt19937(SEED);
  const requests = Array.from({ length: REQUESTS }, () => badRequest((below) => numbers() % Math.floor(below)));
  const faults: string[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
      const fault = faultOf(
        request,
        await exchange(request).catch((error: unknown) => ({ status: 0, body: String(error) })),
      );
      if (fault !== null) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(faults).toEqual([]);
  expect(server.log()).not.toMatch(/^ +at /m);
  expect(await readMetric(server.url, 'sdxl_refine_queue_requests')).toBe(0);
  expect(await readMetric(server.url, 'sdxl_refine_queue_waiting')).toBe(0);
  const served = await postScore(server.url, quickRequest);
  expect(served.status).toBe(200);
}, 60_000);
