/** Error responses: `{"error": {"code", "message", …}}`. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRefineError, messageOf, RefineError, systemCodeOf, type ErrorCode } from '../../../errors.js';
import { httpStatus } from './http-status.js';
import type { Log } from '../log.js';
import type { Metrics } from '../metrics.js';

export interface ErrorAnswer {
  status: number;
  body: { error: { code: ErrorCode; message: string; row?: number } };
}

/** Codes and messages for requests that fastify refuses, by its status. */
const REFUSED: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  413: [
    'REQUEST_TOO_LARGE',
    'The body is larger than this server takes (--body-limit). Send a smaller picture, or its URL.',
  ],
  415: [
    'REQUEST_INVALID',
    'Expected a body in JSON: send Content-Type: application/json, in UTF-8 and not compressed.',
  ],
};

export const errorAnswer = (thrown: unknown): ErrorAnswer => {
  const error = asRefineError(thrown);
  const { code, message, context } = error;
  const { row } = context;
  const status = (thrown as { statusCode?: unknown }).statusCode;
  return {
    status: isRefused(thrown) && typeof status === 'number' ? status : httpStatus(error),
    body: { error: { code, message, ...(typeof row === 'number' ? { row } : {}) } },
  };
};

/** The response to a failed request; also logs and counts it. */
export const reportFailure = (
  thrown: unknown,
  request: FastifyRequest,
  { metrics, log }: { metrics: Metrics; log: Log },
): ErrorAnswer => {
  const answer = errorAnswer(thrown);
  const { code } = answer.body.error;
  if (code === 'INTERNAL') log.surprise(thrown);
  if (request.url.startsWith('/score')) metrics.failed(code);
  log.note(request, code);
  return answer;
};

const isRefused = (thrown: unknown): boolean => systemCodeOf(thrown)?.startsWith('FST_') === true;

const asRefineError = (thrown: unknown): RefineError => {
  if (isRefineError(thrown)) return thrown;
  /* The body was interrupted. */
  if (systemCodeOf(thrown) === 'ECONNRESET') return new RefineError('CANCELLED', 'The client went away.');
  const status = Number((thrown as { statusCode?: unknown } | null)?.statusCode);
  if (isRefused(thrown) && status >= 400 && status < 500) {
    const [code, message] = REFUSED[status] ?? ['REQUEST_INVALID', `${messageOf(thrown)}.`];
    return new RefineError(code, message, { cause: thrown });
  }
  /* The message of an unexpected error may contain anything: it goes to the log, not to the client. */
  return new RefineError('INTERNAL', 'Something went wrong in the server; its log has the details.', { cause: thrown });
};

/** @param retryAfterS for Retry-After, sent with 429 and 503 */
export const sendError = (reply: FastifyReply, { status, body }: ErrorAnswer, retryAfterS: number): FastifyReply => {
  if (status === 429 || status === 503) reply.header('retry-after', retryAfterS);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(status).send(body);
};

const METHODS: Readonly<Record<string, string>> = { '/score': 'POST' };

/** The response for an unknown path, or a method that the path does not have. */
export const notFound = (request: FastifyRequest, reply: FastifyReply, paths: ReadonlySet<string>): ErrorAnswer => {
  const [path = ''] = request.url.split('?');
  if (!paths.has(path)) {
    const message = `There is nothing at ${path.slice(0, 100)}. Score at /score; /swagger.json describes the rest.`;
    return errorAnswer(new RefineError('ROUTE_NOT_FOUND', message));
  }
  const allowed = METHODS[path] ?? 'GET';
  reply.header('allow', allowed);
  const { body } = errorAnswer(
    new RefineError('REQUEST_INVALID', `Expected ${allowed} ${path}, got ${request.method}.`),
  );
  return { status: 405, body };
};

/** Time for the client to read a response on the bare connection. */
const LINGER_MS = 2000;

/** Answers, on the bare connection, data that is not HTTP or arrives too slowly. */
export const answerBrokenRequest = (error: Error, socket: Socket): void => {
  const code = systemCodeOf(error);
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, errorCode, message] = brokenRequest(code);
  const body = JSON.stringify({ error: { code: errorCode, message } });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  /* Half-open connections are allowed, so nothing else closes one whose client never closes its side. */
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
};

const brokenRequest = (code: string | undefined): [number, ErrorCode, string] => {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return [408, 'REQUEST_TIMEOUT', 'The request did not arrive in time. Send it faster, or a smaller one.'];
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'REQUEST_TOO_LARGE', 'The headers are larger than 16 KiB.'];
  return [400, 'REQUEST_INVALID', `Expected an HTTP request, found data that cannot be parsed (${code ?? 'unknown'}).`];
};
