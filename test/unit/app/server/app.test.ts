/** The server's routes over HTTP, with an engine that does as it is told. */
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { RefineError } from '#src/errors.js';
import type { EngineInfo } from '#src/run/engine/protocol.js';
import { NO_SCREENING } from '#src/run/safety/screening.js';
import type { EngineJob, RefineReply } from '#src/records/job.js';
import { createApp, type AppOptions } from '#src/app/server/app.js';
import { createLog } from '#src/app/server/log.js';
import { createMetrics } from '#src/app/server/metrics.js';
import { RefineService } from '#src/app/server/refine-service.js';
import { ByteBudget } from '#src/app/server/requests/byte-budget.js';
import { requestReader } from '#src/app/server/requests/read-request.js';
import { requestOf, squarePng } from '../../../support/serve.js';
import { waitFor } from '../../../support/processes.js';

const info = { model: 'm', modelDigest: 'd', device: 'cpu', precision: 'fp32', rejected: [] } as unknown as EngineInfo;
const pixels = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64 };
const reply = { output: { kind: 'pixels', pixels }, scheduler: 's', stepsRun: 1 } as unknown as RefineReply;

let app: FastifyInstance;
let budget: ByteBudget;
/** The memory that requests hold at the start of each picture. */
let held: number[];
let url: string;
let log: string;
/** How each picture ends; default: well. */
let ends: (RefineError | null)[];
let isStopping: boolean;

const start = async (options: Partial<AppOptions> = {}, isQuiet = false): Promise<void> => {
  [log, ends, held, isStopping] = ['', [], [], false];
  const engine = {
    reads: [],
    slots: 1,
    open: () => Promise.resolve(info),
    refine: (_job: EngineJob) => {
      held.push(budget.held);
      const error = ends.shift() ?? null;
      return error === null ? Promise.resolve(reply) : Promise.reject(error);
    },
    close: () => undefined,
  };
  const service = new RefineService({ engine, places: 4 });
  budget = new ByteBudget(2 ** 24);
  const rows = { options: {} };
  app = await createApp({
    key: null,
    host: '127.0.0.1',
    tls: null,
    bodyLimit: 2 ** 22,
    receiveMs: 10_000,
    deadlineMs: 60_000,
    isStopping: () => isStopping,
    stopped: new AbortController().signal,
    service,
    budget,
    metrics: createMetrics(() => service, budget),
    log: createLog((text) => (log += text), false, isQuiet),
    rows,
    note: null,
    score: {
      refiner: service,
      read: requestReader({ rows, loraFolder: null, limits: { maxRows: 4 } }),
      drawSeed: () => 0,
      limits: { maxRows: 4, maxPixels: 2 ** 20 },
      fetching: { request: fetch, maxBytes: 2 ** 20, timeoutMs: 1000 },
      screening: NO_SCREENING,
      version: '0',
    },
    ...options,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
};
afterEach(() => app.close());

const body = (rows = 1): string =>
  JSON.stringify(requestOf(Array.from({ length: rows }, () => ({ image: squarePng, prompt: 'p' }))));
const post = (path: string, text: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url + path, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } });
const EVENTS = { accept: 'text/event-stream' };
const metric = async (name: string): Promise<string | undefined> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .find((line) => line.startsWith(`sdxl_refine_${name} `))
    ?.split(' ')[1];
};
/** The line that is written when the response has ended. */
const logged = (line: RegExp): Promise<unknown> => waitFor(`the line ${String(line)}`, () => line.test(log));
const crash = new RefineError('ENGINE_CRASHED', 'it died');

it('answers with the pictures of a request, as JSON or as events', async () => {
  await start();
  const plain = await post('/score', body(2));
  expect([plain.status, await plain.json()]).toMatchObject([200, [{ prompt: 'p' }, { prompt: 'p' }]]);
  const events = await post('/score', body(), EVENTS);
  expect(await events.text()).toMatch(/^event: accepted\n[^]*event: result\ndata: \[\{"prompt":"p"/);
  await logged(/POST \/score 200 \d+ ms\n[^]*POST \/score 200/);
  expect(await metric('pictures_total')).toBe('3');
});

it('a request whose events began and that failed counts and logs as failed, also with --quiet', async () => {
  await start({}, true);
  ends = [null, crash];
  const events = await post('/score', body(2), EVENTS);
  expect(events.status).toBe(200);
  expect(await events.text()).toMatch(/event: error\ndata: \{"error":\{"code":"ENGINE_CRASHED"/);
  await logged(/^POST \/score 503 \d+ ms ENGINE_CRASHED$/m);
  expect(await metric('request_seconds_count{status="503"}')).toBe('1');
  expect(await metric('request_seconds_count{status="200"}')).toBeUndefined();
  expect(await metric('failures_total{code="ENGINE_CRASHED"}')).toBe('1');
  /* The first row was refined. */
  expect(await metric('pictures_total')).toBe('1');
});

it('finished pictures count as memory until their request is answered', async () => {
  await start();
  await (await post('/score', body(3))).arrayBuffer();
  expect(held[1]).toBeGreaterThan(held[0]!);
  expect(held[2]).toBeGreaterThan(held[1]!);
  await waitFor('the bytes to be released', () => budget.held === 0);
});

it('a path that is written otherwise is the same path, and one that only begins alike is not', async () => {
  await start();
  expect((await post('/%73core', 'x')).status).toBe(400);
  expect((await post('/scores', body())).status).toBe(404);
  await logged(/POST \/scores 404/);
  expect(await metric('request_seconds_count{status="400"}')).toBe('1');
  expect(await metric('request_seconds_count{status="404"}')).toBeUndefined();
  isStopping = true;
  const refused = await post('/%73core', body());
  expect([refused.status, await refused.json()]).toMatchObject([503, { error: { code: 'SERVER_STOPPING' } }]);
  expect((await fetch(`${url}/ready`)).status).toBe(503);
});

it('needs its key, except for probes and the page', async () => {
  await start({ key: 'k' });
  expect((await post('/score', body())).status).toBe(401);
  expect((await fetch(`${url}/metrics`)).status).toBe(401);
  expect((await post('/score', body(), { authorization: 'Bearer k' })).status).toBe(200);
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  expect(await page.text()).toContain('data-initial="{&quot;note&quot;:null');
});

it('the reason of a failure of the server is in its log only', async () => {
  await start();
  ends = [new RefineError('SESSION_RUN', 'no memory for /home/operator/model')];
  const failed = await post('/score', body());
  expect([failed.status, await failed.text()]).toEqual([500, expect.not.stringContaining('operator') as string]);
  expect(log).toContain('SESSION_RUN: no memory for /home/operator/model');
});
