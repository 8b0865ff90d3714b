import { request } from 'node:http';
import { serveWorkerMetrics, type WorkerMetrics } from '#src/app/server/worker-metrics.js';

let metrics: WorkerMetrics;
afterEach(() => metrics.close());

const counts = { waiting: 3, active: 1, failed: 0 };
const start = async (count: () => Promise<typeof counts>): Promise<void> => {
  metrics = await serveWorkerMetrics({ host: '127.0.0.1', port: 0 }, { counts: count as never }, 50);
};
const read = (host?: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request(metrics.url, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => {
        resolve({ status: response.statusCode!, text });
      });
    })
      .on('error', reject)
      .end();
  });

it('tells what the queue holds', async () => {
  await start(() => Promise.resolve(counts));
  const { status, text } = await read();
  expect(status).toBe(200);
  expect(text).toContain('sdxl_refine_queue_chunks{state="waiting"} 3');
});

it.each([
  ['does not answer', () => new Promise<never>(() => undefined)],
  ['fails', () => Promise.reject(new Error('connect ECONNREFUSED redis.internal:6379'))],
])('a queue that %s leaves the other metrics, and no old numbers', async (_what, count) => {
  let isThere = true;
  await start(() => (isThere ? Promise.resolve(counts) : count()));
  await read();
  isThere = false;
  const { status, text } = await read();
  expect(status).toBe(200);
  expect(text).toContain('sdxl_refine_busy 0');
  expect(text).not.toMatch(/redis|queue_chunks\{/);
});

it('on this machine it answers to its own names only', async () => {
  await start(() => Promise.resolve(counts));
  expect((await read('evil.example:80')).status).toBe(403);
  expect((await read('localhost:9100')).status).toBe(200);
  expect((await read('[::1]:9100')).status).toBe(200);
});
