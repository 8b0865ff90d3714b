/** Routes for monitoring: readiness and metrics. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.js';
import type { RefineService } from './refine-service.js';

export interface ProbeOptions {
  service: RefineService;
  metrics: Metrics;
  /** Whether new requests are refused. */
  isStopping: () => boolean;
}

export const addProbes = (app: FastifyInstance, { service, metrics, isStopping }: ProbeOptions): void => {
  app.get('/ready', (_request, reply) => {
    const status = isStopping() ? 'stopping' : service.isReady ? 'ready' : 'starting';
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  app.get('/metrics', async (_request, reply) => {
    reply.type(metrics.registry.contentType);
    return metrics.registry.metrics();
  });
};
