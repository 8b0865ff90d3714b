/** Metrics of a worker for Prometheus, over HTTP. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Broker } from '../../run/queue/broker/broker.js';
import type { WorkEvent } from '../../run/queue/work.js';
import { isForeignName } from './access/access.js';
import { listenError } from './access/listen-addresses.js';

export interface WorkerMetrics {
  url: string;
  report: (event: WorkEvent) => void;
  close: () => Promise<void>;
}

/** @param port 0: any free one @throws LISTEN_FAILED */
export const serveWorkerMetrics = async (
  { host, port }: { host: string; port: number },
  broker: Pick<Broker, 'counts'>,
  countMs = COUNT_MS,
): Promise<WorkerMetrics> => {
  const { registry, report } = createRegistry(broker, countMs);
  const server = createServer((request, response) => {
    if (isForeignName(nameOf(request), host)) {
      response.writeHead(403).end('this address answers to its own names only\n');
      return;
    }
    if (request.url !== '/metrics') {
      response.writeHead(404).end('metrics are at /metrics\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end("the metrics could not be collected: see the worker's messages\n"),
    );
  });
  await new Promise<void>((resolve, reject) => {
    /* Also later, such as when a connection cannot be accepted: the worker goes on. */
    server.on('error', (cause) => {
      reject(listenError({ host, port }, cause));
    });
    server.listen(port, host, resolve);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}/metrics`,
    report,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const nameOf = ({ headers }: IncomingMessage): string => (headers.host ?? '').replace(/:\d+$/, '');

/** Most time to ask the broker; without an answer the gauge is left out, and the rest is told. */
const COUNT_MS = 2000;

interface Registered {
  registry: { metrics: () => Promise<string>; contentType: string };
  report: WorkerMetrics['report'];
}

const createRegistry = (broker: Pick<Broker, 'counts'>, countMs: number): Registered => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'sdxl_refine_queue_chunks',
    help: 'Chunks in the queue, by state',
    labelNames: ['state'],
    registers,
    async collect() {
      this.reset();
      const counts = await Promise.race([broker.counts().catch(() => null), sleep(countMs, null, { ref: false })]);
      if (counts === null) return;
      const { waiting, active, failed } = counts;
      for (const [state, count] of Object.entries({ waiting, active, failed })) this.set({ state }, count);
    },
  });
  const chunks = new Counter({
    name: 'sdxl_refine_chunks_total',
    help: 'Chunks that this worker took, by how it let go of them',
    labelNames: ['outcome'],
    registers,
  });
  const rows = new Counter({
    name: 'sdxl_refine_rows_total',
    help: 'Rows with a result, by status',
    labelNames: ['status'],
    registers,
  });
  const failures = new Counter({
    name: 'sdxl_refine_row_failures_total',
    help: 'Failed rows, by error code',
    labelNames: ['code'],
    registers,
  });
  const steps = new Histogram({
    name: 'sdxl_refine_step_seconds',
    help: 'Time from one UNet step to the next',
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300],
    registers,
  });
  const busy = new Gauge({ name: 'sdxl_refine_busy', help: '1 while the worker has a chunk', registers });
  let lastStep: { row: number; at: number } | null = null;
  return {
    registry,
    report: (event) => {
      if (event.kind === 'begun') busy.set(1);
      else if (event.kind !== 'batch') {
        busy.set(0);
        chunks.inc({ outcome: event.kind });
      } else if (event.event.kind === 'row') {
        const { status, error } = event.event.result;
        rows.inc({ status });
        if (error !== null) failures.inc({ code: error.code });
      } else if (event.event.kind === 'step') {
        const { rowIndex: row } = event.event;
        const at = performance.now();
        if (lastStep?.row === row) steps.observe((at - lastStep.at) / 1000);
        lastStep = { row, at };
      }
    },
  };
};
