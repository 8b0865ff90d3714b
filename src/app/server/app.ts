/** Creates the server with its routes, errors and limits; `serve.ts` starts and stops it. */
import { jsonText } from '../../io/json/json-text.js';
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { RefineError } from '../../errors.js';
import { isForeignName, keyChecker } from './access/access.js';
import {
  answerBrokenRequest,
  errorAnswer,
  notFound,
  reportFailure,
  sendError,
  watchResponses,
} from './answers/error-answers.js';
import { addPages, type PageOptions } from './answers/pages.js';
import { addProbes } from './probes.js';
import { addBodyReader } from './requests/receive-body.js';
import { addScoreRoute, type ScoreRouteOptions } from './score-route.js';

export interface AppOptions extends ScoreRouteOptions, PageOptions {
  /** null: every client may use the server. */
  key: string | null;
  host: string;
  tls: { cert: Buffer; key: Buffer } | null;
  bodyLimit: number;
  /** Most time to receive a request's head and body. */
  receiveMs: number;
  /** Whether new requests are refused. */
  isStopping: () => boolean;
}

/** Paths that need no key: probes have none, and the page asks for one. They reveal nothing and compute nothing. */
const OPEN_PATHS = new Set([
  '/',
  '/ready',
  '/page.css',
  '/page.js',
  '/read-events.js',
  '/docs',
  '/docs.js',
  '/swagger.json',
]);
const CLIENT_ID = /^[\w.:-]{1,128}$/;

export const createApp = async (options: AppOptions): Promise<FastifyInstance> => {
  const { tls, bodyLimit, receiveMs } = options;
  /* Node's default is to check for slow requests every 30 s. */
  const http = { connectionsCheckingInterval: Math.min(1000, receiveMs), requestTimeout: receiveMs };
  const app = Fastify({
    ...(tls === null ? { http } : { https: { ...http, ...tls } }),
    bodyLimit,
    requestTimeout: receiveMs,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      void sendError(reply, errorAnswer(error), 1);
    },
    /* The cast merges fastify's types of http and https servers, which are used alike here. */
  } as object) as unknown as FastifyInstance;
  /* Otherwise Node closes the connection of a client that has finished sending and still waits for the response. */
  Object.assign(app.server, { httpAllowHalfOpen: true });
  watchResponses(app.server);
  app.setReplySerializer(jsonText);
  addHooks(app, options);
  const shareOf = addBodyReader(app, options);
  addErrors(app, options);
  addProbes(app, options);
  await addPages(app, options);
  addScoreRoute(app, options, shareOf);
  return app;
};

const addHooks = (app: FastifyInstance, options: AppOptions): void => {
  const { key, host, metrics, log } = options;
  const hasKey = key === null ? null : keyChecker(key);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-ms-request-id', request.id).header('x-content-type-options', 'nosniff');
    const clientId = request.headers['x-ms-client-request-id'];
    if (typeof clientId === 'string' && CLIENT_ID.test(clientId)) reply.header('x-ms-client-request-id', clientId);
    refuseForeignHost(request, host, key);
    const [path = ''] = request.url.split('?');
    if (hasKey !== null && !OPEN_PATHS.has(path) && !hasKey(request.headers)) {
      const message = 'Expected the key of this server, as "Authorization: Bearer <key>" or "api-key: <key>".';
      throw new RefineError('REQUEST_UNAUTHORIZED', message);
    }
    if (options.isStopping() && request.routeOptions.url === '/score') {
      reply.header('connection', 'close');
      throw new RefineError('SERVER_STOPPING', 'The server is stopping. Try again later.');
    }
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (request.routeOptions.url === '/score') {
      metrics.requestEnded(log.statusOf(request, reply), reply.elapsedTime / 1000);
    }
    log.request(request, reply);
    done();
  });
};

/** Without a key, only requests to this machine's own names are answered. */
const refuseForeignHost = ({ hostname }: FastifyRequest, host: string, key: string | null): void => {
  if (key !== null || !isForeignName(hostname, host)) return;
  throw new RefineError('REQUEST_INVALID', `This server answers to localhost, not to ${hostname.slice(0, 100)}.`);
};

const addErrors = (app: FastifyInstance, options: AppOptions): void => {
  const paths = new Set<string>();
  app.addHook('onRoute', ({ path }) => {
    paths.add(path);
  });
  app.setErrorHandler((thrown, request, reply) =>
    sendError(reply, reportFailure(thrown, request, options), options.service.queue.retryAfterS),
  );
  app.setNotFoundHandler((request, reply) => sendError(reply, notFound(request, reply, paths), 1));
};
