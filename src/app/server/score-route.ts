/** `POST /score`: a place in the queue, a deadline, and a response as JSON or server-sent events. */
import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RefineError } from '../../errors.js';
import type { ByteBudget, Share } from './requests/byte-budget.js';
import { reportFailure } from './answers/error-answers.js';
import { listText } from './answers/list-text.js';
import { eventStream } from './answers/event-stream.js';
import type { Log } from './log.js';
import type { Metrics } from './metrics.js';
import type { RefineService } from './refine-service.js';
import type { Place } from './work-queue.js';
import { score, type ScoreOptions, type ScoreResult } from './score.js';

export interface ScoreRouteOptions {
  service: RefineService;
  metrics: Metrics;
  log: Log;
  score: ScoreOptions;
  /** Bounds the bytes of all requests together. */
  budget: ByteBudget;
  /** From the request's head to its response. */
  deadlineMs: number;
  /** Aborts with SERVER_STOPPING when the server stops waiting for running requests. */
  stopped: AbortSignal;
}

export const addScoreRoute = (
  app: FastifyInstance,
  options: ScoreRouteOptions,
  shareOf: (request: FastifyRequest) => Share,
): void => {
  const { service, metrics } = options;
  const accepted = new WeakMap<FastifyRequest, { client: Client; place: Place }>();
  app.post(
    '/score',
    {
      /* Before the body is read, so that a request that a full queue refuses takes no memory. */
      onRequest: (request, reply, done) => {
        const place = service.queue.enter();
        reply.raw.once('close', place.leave);
        accepted.set(request, { client: watchClient(request, reply, options), place });
        done();
      },
    },
    async (request, reply) => {
      const own = accepted.get(request);
      if (own === undefined) throw new Error('a request without a place');
      const { client, place } = own;
      const events = wantsEvents(request) ? eventStream(reply) : null;
      try {
        const results = await score(bodyOf(request), options.score, {
          signal: client.signal,
          hold: shareOf(request).take,
          onStep: events?.step ?? null,
          onResult: (result) => {
            place.done();
            shareOf(request).add(result.generated_image.length);
            metrics.pictureMade(result);
          },
          onAccepted: (rows) => {
            client.accept();
            place.accept(rows);
            events?.begin(rows);
          },
        });
        giveUpUnread(reply.raw);
        if (events === null && isLong(results)) {
          reply.type('application/json; charset=utf-8');
          return Readable.from(listText(results));
        }
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

/** Characters; longer answers are sent in pieces, without Content-Length. */
const LONG = 2 ** 28;

const isLong = (results: readonly ScoreResult[]): boolean =>
  results.reduce((sum, { generated_image: picture }) => sum + picture.length, 0) > LONG;

/** The body; empty for a request without a content type. */
const bodyOf = ({ body }: FastifyRequest): Uint8Array => (body instanceof Uint8Array ? body : new Uint8Array());

const wantsEvents = ({ headers: { accept = '' } }: FastifyRequest): boolean => accept.includes('text/event-stream');

/** Time for the client to read its response after the deadline. */
const READ_RESPONSE_MS = 10_000;

/** Closes the connection of a client that reads nothing of its response for so long: it must not keep its place. */
export const giveUpUnread = (response: ServerResponse, ms = READ_RESPONSE_MS): void => {
  /* Node counts sending as activity. After the response it sets another timeout. */
  response.setTimeout(ms, () => {
    response.destroy();
  });
};

interface Client {
  /** Aborts when the client goes away, at the deadline, and when the server stops waiting. */
  signal: AbortSignal;
  /** From now on, abort when the client closes its side. */
  accept: () => void;
}

/**
 * A client that closes its side has gone away, or has only finished sending and still reads: both look the same. It still
 * receives errors of its request, but the engine does not work for it.
 */
const watchClient = (
  { raw: { socket } }: FastifyRequest,
  { raw }: FastifyReply,
  { deadlineMs, stopped }: ScoreRouteOptions,
): Client => {
  const controller = new AbortController();
  const onStopped = (): void => {
    controller.abort(stopped.reason);
  };
  const message = `The pictures took longer than ${deadlineMs / 1000} s. Send fewer, ask for fewer steps, or raise --timeout.`;
  let timer = setTimeout(() => {
    /* Whatever happens, a place is free again some time. */
    timer = setTimeout(() => raw.destroy(), READ_RESPONSE_MS);
    controller.abort(new RefineError('DEADLINE_EXCEEDED', message));
  }, deadlineMs);
  const onGone = (): void => {
    controller.abort(
      new RefineError('CANCELLED', 'The client closed the connection. Keep it open until the answer is here.'),
    );
  };
  /* One listener for each pipelined request is not a leak. */
  setMaxListeners(0, socket);
  stopped.addEventListener('abort', onStopped);
  raw.once('close', () => {
    clearTimeout(timer);
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
