/** The server: routes, errors and limits put together. What listens and stops it is in `serve.ts`. */
import { jsonText } from '../../io/json/json-text.js';
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { RefineError } from '../../errors.js';
import { isLoopback, keyChecker } from './access/access.js';
import { answerBrokenRequest, errorAnswer, notFound, reportFailure, sendError } from './answers/error-answers.js';
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
  /** A request's head and body have to be here in this time. */
  receiveMs: number;
  /** New requests are refused. */
  isStopping: () => boolean;
}

/** These tell nothing and cost nothing: probes come without a key, and so does the page that asks for one. */
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
  /* Node looks for slow requests every 30 s unless told to look more often. */
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
    /* fastify's types tell http from https servers apart, which nothing here depends on. */
  } as object) as unknown as FastifyInstance;
  /* Node would close a connection whose client has closed its side, whether or not it still waits for an answer. */
  Object.assign(app.server, { httpAllowHalfOpen: true });
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
    if (options.isStopping() && path === '/score') {
      reply.header('connection', 'close');
      throw new RefineError('SERVER_STOPPING', 'The server is stopping. Try again later.');
    }
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (request.url.startsWith('/score')) metrics.requestEnded(reply.statusCode, reply.elapsedTime / 1000);
    log.request(request, reply);
    done();
  });
};

/**
 * A page elsewhere can make a browser ask this machine under a name of its own, which then means 127.0.0.1 (DNS
 * rebinding). Where no key is needed, only this machine's own names are answered to.
 */
const refuseForeignHost = ({ hostname }: FastifyRequest, host: string, key: string | null): void => {
  if (key !== null || !isLoopback(host) || hostname === '' || isLoopback(hostname)) return;
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
