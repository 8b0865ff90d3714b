/** `POST /score`: who may ask, a place in the queue, a deadline, and an answer whole or as events. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RefineError } from '../../errors.js';
import type { ByteBudget, Share } from './requests/byte-budget.js';
import { reportFailure } from './answers/error-answers.js';
import { eventStream } from './answers/event-stream.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import type { RefineService } from './refine-service.js';
import { score, type ScoreOptions } from './score.js';

export interface ScoreRouteOptions {
  service: RefineService;
  metrics: Metrics;
  log: Log;
  score: ScoreOptions;
  /** Bytes that all requests together may hold. */
  budget: ByteBudget;
  /** From the request's head to its answer. */
  deadlineMs: number;
  /** Aborts with SERVER_STOPPING when the server's patience with what still runs is at its end. */
  stopped: AbortSignal;
}

export const addScoreRoute = (
  app: FastifyInstance,
  options: ScoreRouteOptions,
  shareOf: (request: FastifyRequest) => Share,
): void => {
  const { service, metrics } = options;
  const clients = new WeakMap<FastifyRequest, Client>();
  app.post(
    '/score',
    {
      /* Before the body is read: what a full queue refuses takes no memory. */
      onRequest: (request, reply, done) => {
        const leave = service.queue.enter();
        reply.raw.once('close', leave);
        clients.set(request, watchClient(request, reply, options));
        done();
      },
    },
    async (request, reply) => {
      const client = clients.get(request);
      if (client === undefined) throw new Error('a request without a place');
      const events = wantsEvents(request) ? eventStream(reply) : null;
      try {
        const results = await score(bodyOf(request), options.score, {
          signal: client.signal,
          hold: shareOf(request).take,
          onStep: events?.step ?? null,
          onAccepted: (rows) => {
            client.accept();
            events?.begin(rows);
          },
        });
        results.forEach(metrics.pictureMade);
        if (events === null) return results;
        await events.end('result', results);
      } catch (thrown) {
        if (events?.hasBegun() !== true) throw thrown;
        await events.end('error', reportFailure(thrown, request, options).body);
      }
      return reply;
    },
  );
};

/** None is sent without a content type. */
const bodyOf = ({ body }: FastifyRequest): Uint8Array => (body instanceof Uint8Array ? body : new Uint8Array());

const wantsEvents = ({ headers: { accept = '' } }: FastifyRequest): boolean => accept.includes('text/event-stream');

/** For an answer to arrive, after the deadline. */
const READING_MS = 10_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Client {
  /** Aborts when the client goes away, when time is up, and when the server will wait no longer. */
  signal: AbortSignal;
  /** From here on it is waited for. */
  accept: () => void;
}

/**
 * A client that closes its side has gone away, or has only finished sending and still reads: both look the same. What is wrong with
 * its request it is told in any case, but the engine does not work for it.
 */
const watchClient = (
  { raw: { socket } }: FastifyRequest,
  { raw }: FastifyReply,
  { deadlineMs, stopped }: ScoreRouteOptions,
): Client => {
  const controller = new AbortController();
  const abort = (error: unknown) => (): void => {
    controller.abort(error);
  };
  const onStopped = (): void => {
    controller.abort(stopped.reason);
  };
  const late = `The pictures took longer than ${deadlineMs / 1000} s. Send fewer, ask for fewer steps, or raise --timeout.`;
  const timer = setTimeout(abort(new RefineError('DEADLINE_EXCEEDED', late)), deadlineMs);
  /* Nor does one that does not read its answer keep its place. */
  const lastTimer = setTimeout(() => raw.destroy(), Math.min(deadlineMs + READING_MS, LONGEST_TIMER_MS));
  const onGone = abort(
    new RefineError('CANCELLED', 'The client closed the connection. Keep it open until the answer is here.'),
  );
  stopped.addEventListener('abort', onStopped);
  raw.once('close', () => {
    clearTimeout(timer);
    clearTimeout(lastTimer);
    stopped.removeEventListener('abort', onStopped);
    socket.off('end', onGone);
    onGone();
  });
  return {
    signal: controller.signal,
    accept: () => {
      if (socket.readableEnded) onGone();
      else socket.once('end', onGone);
    },
  };
};
