/** Metrics for Prometheus. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RefineService } from './refine-service.js';
import type { ByteBudget } from './requests/byte-budget.js';

export interface Metrics {
  registry: Registry;
  stepTook: (seconds: number) => void;
  pictureMade: (result: { generated_image: string }) => void;
  requestEnded: (status: number, seconds: number) => void;
  failed: (code: string) => void;
}

/** Buckets: from tens of milliseconds for a small model to minutes for a large one without a GPU. */
const SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

export const createMetrics = (service: () => RefineService, budget: ByteBudget): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'sdxl_refine_queue_requests',
    help: 'Requests in the server, including the one in progress',
    registers,
    collect() {
      this.set(service().queue.places);
    },
  });
  new Gauge({
    name: 'sdxl_refine_queue_waiting',
    help: 'Pictures waiting for the engine',
    registers,
    collect() {
      this.set(service().queue.waiting);
    },
  });
  new Gauge({
    name: 'sdxl_refine_engine_busy',
    help: 'Pictures in the engine, including those that are to stop',
    registers,
    collect() {
      this.set(service().queue.busy);
    },
  });
  new Gauge({
    name: 'sdxl_refine_body_bytes',
    help: 'Bytes of bodies, fetched pictures and finished ones that requests hold in memory',
    registers,
    collect() {
      this.set(budget.held);
    },
  });
  new Gauge({
    name: 'sdxl_refine_ready',
    help: '1 once the model has run successfully',
    registers,
    collect() {
      this.set(service().isReady ? 1 : 0);
    },
  });
  const steps = new Histogram({
    name: 'sdxl_refine_step_seconds',
    help: 'Duration of a UNet step',
    buckets: SECONDS,
    registers,
  });
  const pictures = new Counter({ name: 'sdxl_refine_pictures_total', help: 'Pictures refined', registers });
  const blocked = new Counter({
    name: 'sdxl_refine_blocked_total',
    help: 'Rows that content safety blocked',
    registers,
  });
  const failures = new Counter({
    name: 'sdxl_refine_failures_total',
    help: 'Requests to score that failed, by error code',
    labelNames: ['code'],
    registers,
  });
  const requests = new Histogram({
    name: 'sdxl_refine_request_seconds',
    help: 'Duration of a request to score, by HTTP status',
    labelNames: ['status'],
    buckets: SECONDS,
    registers,
  });
  return {
    registry,
    stepTook: (seconds) => {
      steps.observe(seconds);
    },
    pictureMade: ({ generated_image: picture }) => {
      (picture === '' ? blocked : pictures).inc();
    },
    requestEnded: (status, seconds) => {
      requests.observe({ status: String(status) }, seconds);
    },
    failed: (code) => {
      failures.inc({ code });
    },
  };
};
