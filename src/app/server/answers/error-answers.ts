/** Error responses: `{"error": {"code", "message", …}}`. */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRefineError, messageOf, RefineError, systemCodeOf, type ErrorCode } from '../../../errors.js';
import type { ErrorAnswer } from './error-answer.js';
import { httpStatus, isForClients } from './http-status.js';
import { TOO_LARGE } from '../requests/receive-body.js';
import type { Log } from '../log.js';
import type { Metrics } from '../metrics.js';

/** Codes and messages for requests that fastify refuses, by its status. */
const REFUSED: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  413: ['REQUEST_TOO_LARGE', TOO_LARGE],
  415: [
    'REQUEST_INVALID',
    'Expected a body in JSON: send Content-Type: application/json, in UTF-8 and not compressed.',
  ],
};

export const errorAnswer = (thrown: unknown): ErrorAnswer => {
  const { status = null, error } = understand(thrown);
  const { code, context } = error;
  const { row } = context;
  const message = isForClients(error) ? error.message : hiddenMessage(error);
  return {
    status: status ?? httpStatus(error),
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
  if (!isForClients(understand(thrown).error)) log.surprise(thrown);
  if (request.routeOptions.url === '/score') metrics.failed(code);
  log.note(request, answer);
  return answer;
};

/** What the client reads of a failure of which only the log has the reason. */
const hiddenMessage = ({ code, context: { mend } }: RefineError): string => {
  if (code === 'INTERNAL') return 'Something went wrong in the server; its log has the details.';
  if (code === 'SESSION_RUN') {
    const help = typeof mend === 'string' ? `It may help to ${mend}` : 'A smaller picture or plainer settings may help';
    return `The model failed on this row; the server's log has the reason. ${help}.`;
  }
  const what = code.startsWith('CONTENT_SAFETY')
    ? 'Content safety could not screen it'
    : 'The model could not be opened';
  return `${what}; the server's log has the reason. Try again later.`;
};

/** @returns `status` of a request that fastify refuses */
const understand = (thrown: unknown): { error: RefineError; status?: number } => {
  if (isRefineError(thrown)) return { error: thrown };
  const systemCode = systemCodeOf(thrown);
  /* The body was interrupted. */
  if (systemCode === 'ECONNRESET') {
    return {
      error: new RefineError('CANCELLED', 'The body ended early. Keep the connection open until the answer is here.'),
    };
  }
  const status = Number((thrown as { statusCode?: unknown } | null)?.statusCode);
  if (systemCode?.startsWith('FST_') === true && status >= 400 && status < 500) {
    const [code, message] = REFUSED[status] ?? ['REQUEST_INVALID', `${messageOf(thrown)}.`];
    return { error: new RefineError(code, message, { cause: thrown }), status };
  }
  return { error: new RefineError('INTERNAL', messageOf(thrown), { cause: thrown }) };
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

/** By connection, the responses that it still waits for. */
const pending = new WeakMap<Socket, Set<ServerResponse>>();

/** Notes each response, for `answerBrokenRequest`. */
export const watchResponses = (server: Server): void => {
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const own = pending.get(socket) ?? new Set();
    pending.set(socket, own.add(response));
    response.once('close', () => own.delete(response));
  });
};

/** Whether a response has begun, or is to a whole request: the broken data came after that, and an answer to it would be taken for the response. */
const isAnswering = (socket: Socket): boolean =>
  [...(pending.get(socket) ?? [])].some(({ headersSent, req }) => headersSent || req.complete);

/** Answers, on the bare connection, data that is not HTTP or arrives too slowly. */
export const answerBrokenRequest = (error: Error, socket: Socket): void => {
  const code = systemCodeOf(error);
  if (code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
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
