/** The endpoint when things go wrong: too many clients, clients that leave, an engine that dies, a stop. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { workFolder } from '../support/batch.js';
import { holdingEngine, untilHeld } from '../support/holding-engine.js';
import { itOnLinux } from '../support/it-on-linux.js';
import { childrenOf, isRunning, waitFor } from '../support/processes.js';
import {
  postScore,
  quickRequest,
  readMetric,
  slowRequest,
  startListening,
  startServe,
  stopServe,
  type ErrorBody,
  type Serving,
} from '../support/serve.js';

const folder = workFolder();
const servers: Serving[] = [];
const start = async (args: readonly string[] = []): Promise<Serving> => {
  const server = await startServe(args);
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map(stopServe));
});

const codeOf = async (response: Response): Promise<string> => ((await response.json()) as ErrorBody).error.code;
const places = (server: Serving): Promise<number> => readMetric(server.url, 'sdxl_refine_queue_requests');
const untilPlaces = (server: Serving, taken: number): Promise<boolean> =>
  waitFor(`${taken} places to be taken`, async () => (await places(server)) === taken);
const stepsOf = (server: Serving): Promise<number> => readMetric(server.url, 'sdxl_refine_step_seconds_count');

itOnLinux('is not ready before the model has run, though it lives', async () => {
  const server = await startListening([], { env: holdingEngine({ steps: 0 }) });
  servers.push(server);
  const engine = await untilHeld(server.pid);
  expect((await fetch(server.url)).status).toBe(200);
  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  process.kill(engine, 'SIGCONT');
  await waitFor('readiness', async () => (await fetch(`${server.url}/ready`)).status === 200);
});

it('a full queue says when to come back, and a client that leaves makes room', async () => {
  const server = await start(['--queue', '1']);
  const [engine] = childrenOf(server.pid);
  const leaving = new AbortController();
  const first = postScore(server.url, slowRequest, { signal: leaving.signal });
  await untilPlaces(server, 1);
  const second = postScore(server.url, quickRequest);
  await untilPlaces(server, 2);
  const refused = await postScore(server.url, quickRequest);
  expect([refused.status, await codeOf(refused)]).toEqual([429, 'QUEUE_FULL']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  leaving.abort();
  await expect(first).rejects.toThrow();
  expect((await second).status).toBe(200);
  /* The picture stopped long before the last of its thousand steps, and the engine stayed. */
  expect(await stepsOf(server)).toBeLessThan(1000);
  expect(childrenOf(server.pid)).toEqual([engine]);
  await untilPlaces(server, 0);
  await waitFor('its line', () => /POST \/score .* CANCELLED/.test(server.log()));
});

it('a request that takes too long is told so, and the next one is served', async () => {
  const server = await start(['--timeout', '1']);
  const late = await postScore(server.url, slowRequest);
  expect([late.status, await codeOf(late)]).toEqual([504, 'DEADLINE_EXCEEDED']);
  await waitFor('the next one to be served', async () => (await postScore(server.url, quickRequest)).status === 200);
});

it('a stop within a stream of events ends it with an error', async () => {
  const server = await start(['--timeout', '1']);
  const response = await postScore(server.url, slowRequest, { headers: { accept: 'text/event-stream' } });
  expect(response.status).toBe(200);
  expect(await response.text()).toMatch(/event: error\ndata: \{"error":\{"code":"DEADLINE_EXCEEDED".*\n\n$/);
  expect(await readMetric(server.url, 'sdxl_refine_failures_total{code="DEADLINE_EXCEEDED"}')).toBe(1);
  await waitFor('its line', () => /^POST \/score 504 \d+ ms DEADLINE_EXCEEDED$/m.test(server.log()));
});

itOnLinux('an engine killed under load costs the picture in it, and comes back', async () => {
  const server = await start();
  const before = await stepsOf(server);
  const running = postScore(server.url, slowRequest);
  await waitFor('the engine to be at work', async () => (await stepsOf(server)) > before);
  const waiting = Array.from({ length: 8 }, () => postScore(server.url, quickRequest));
  await untilPlaces(server, 9);
  const [engine] = childrenOf(server.pid);
  process.kill(engine!, 'SIGKILL');
  const broken = await running;
  expect([broken.status, await codeOf(broken)]).toEqual([503, 'ENGINE_CRASHED']);
  expect(broken.headers.get('retry-after')).not.toBeNull();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
});

itOnLinux('an engine killed between requests comes back by itself', async () => {
  const server = await start();
  const [engine] = childrenOf(server.pid);
  process.kill(engine!, 'SIGKILL');
  await waitFor('the end of the engine', () => !isRunning(engine!));
  expect((await postScore(server.url, quickRequest)).status).toBe(200);
});

itOnLinux('SIGTERM finishes what was accepted and refuses the rest, and ends with 0', async () => {
  const server = await start();
  const [engine] = childrenOf(server.pid);
  /* What was accepted cannot end before the rest was refused. */
  process.kill(engine!, 'SIGSTOP');
  const accepted = postScore(server.url, quickRequest);
  await untilPlaces(server, 1);
  server.process.kill('SIGTERM');
  await waitFor('the stop', () => server.log().includes('Stopping'));
  const [refused, ready] = await Promise.all([postScore(server.url, quickRequest), fetch(`${server.url}/ready`)]);
  expect([refused.status, await codeOf(refused)]).toEqual([503, 'SERVER_STOPPING']);
  expect(ready.status).toBe(503);
  process.kill(engine!, 'SIGCONT');
  expect((await accepted).status).toBe(200);
  expect(await server.done).toMatchObject({ code: 0, stdout: '' });
  await waitFor('the end of the engine', () => !isRunning(engine!));
});

itOnLinux('a stop waits no longer than it is told to', async () => {
  const server = await start(['--stop-timeout', '1']);
  const accepted = postScore(server.url, slowRequest);
  await untilPlaces(server, 1);
  const asked = performance.now();
  server.process.kill('SIGINT');
  const broken = await accepted;
  expect([broken.status, await codeOf(broken)]).toEqual([503, 'SERVER_STOPPING']);
  expect(await server.done).toMatchObject({ code: 0 });
  /* It would wait for 30 s. */
  expect(performance.now() - asked).toBeLessThan(20_000);
});

describe('requests that a page elsewhere could have sent', () => {
  let server: Serving;
  beforeAll(async () => {
    server = await startServe();
  });
  afterAll(() => stopServe(server));

  it('answers to no other name than its own where there is no key', async () => {
    /* fetch would set the host itself. */
    const status = await new Promise((resolve, reject) => {
      request(server.url, { headers: { host: 'rebound.example' } }, (answer) => {
        resolve(answer.statusCode);
        answer.resume();
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });

  it('takes no request that a page elsewhere can make a browser send without asking', async () => {
    const body = JSON.stringify(quickRequest);
    const elsewhere = { origin: 'https://elsewhere.example' };
    const send = (method: string, headers: Record<string, string>, sent = body): Promise<[number, string[]]> =>
      new Promise((resolve, reject) => {
        const asked = request(`${server.url}/score`, { method, headers: { ...elsewhere, ...headers } }, (answer) => {
          resolve([
            answer.statusCode!,
            Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')),
          ]);
          answer.resume();
        });
        asked.on('error', reject).end(sent);
      });
    /* The types of the Fetch Standard's "CORS-safelisted request-header", none at all, and what a careless reader takes for JSON. */
    const types = ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'];
    for (const type of [...types, 'text/plain; application/json', 'text/plain, application/json', 'application/jsonx'])
      expect([type, await send('POST', { 'content-type': type })]).toEqual([type, [415, []]]);
    expect(await send('POST', {})).toEqual([415, []]);
    /* The question that a browser asks before it sends JSON to another origin. */
    const question = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    const [status, allowed] = await send('OPTIONS', question, '');
    expect([status >= 400, allowed]).toEqual([true, []]);
    expect(await send('POST', { 'content-type': 'application/json' })).toEqual([200, []]);
  });
});

it('speaks TLS with a certificate from a file', async () => {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  try {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-keyout',
        key,
        '-out',
        cert,
        ...subject,
      ],
      { stdio: 'ignore' },
    );
  } catch {
    console.warn('TLS is not tested: openssl could not make a certificate.');
    return;
  }
  const server = await start(['--tls-cert', cert, '--tls-key', key]);
  expect(server.url).toMatch(/^https:/);
  const agent = new Agent({ ca: readFileSync(cert) });
  const status = await new Promise((resolve, reject) => {
    httpsRequest(`${server.url}/ready`, { agent }, (answer) => {
      resolve(answer.statusCode);
      answer.resume();
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  agent.destroy();
});
