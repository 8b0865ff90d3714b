/** The log on standard error, one line for each request: text, or JSON with --log-json. */
import { jsonText } from '../../io/json/json-text.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer } from './answers/error-answer.js';
import { isRefineError, messageOf } from '../../errors.js';

export interface Log {
  request: (request: FastifyRequest, reply: FastifyReply) => void;
  /** Stores the error of a request for its line. */
  note: (request: FastifyRequest, answer: ErrorAnswer) => void;
  /** The status of a request: that of its error, also if events had begun with 200. */
  statusOf: (request: FastifyRequest, reply: FastifyReply) => number;
  /** Logs an error that clients are not told of: an unexpected one with its stack. */
  surprise: (thrown: unknown) => void;
  say: (message: string) => void;
}

/** Not logged when they succeed: probes every few seconds would be most of the log. */
const PROBES = new Set(['/', '/ready', '/metrics']);

export const createLog = (write: (text: string) => void, asJson: boolean, isQuiet: boolean): Log => {
  const errors = new WeakMap<FastifyRequest, ErrorAnswer>();
  const statusOf: Log['statusOf'] = (request, { statusCode }) => errors.get(request)?.status ?? statusCode;
  const line = (fields: Readonly<Record<string, unknown>>, text: string): void => {
    write(asJson ? `${jsonText({ time: new Date().toISOString(), ...fields })}\n` : `${text}\n`);
  };
  return {
    request: (request, reply) => {
      const { method, id } = request;
      const [path = ''] = request.url.split('?');
      const { elapsedTime } = reply;
      const status = statusOf(request, reply);
      if ((isQuiet && status < 500) || (PROBES.has(path) && status < 400)) return;
      const code = errors.get(request)?.body.error.code;
      const ms = Math.round(elapsedTime);
      const shown = path.slice(0, 100);
      line(
        { method, path: shown, status, ms, code, id },
        `${method} ${shown} ${status} ${ms} ms${code === undefined ? '' : ` ${code}`}`,
      );
    },
    note: (request, answer) => {
      errors.set(request, answer);
    },
    statusOf,
    surprise: (thrown) => {
      const stack = (thrown as { stack?: unknown } | null)?.stack;
      const own = typeof stack === 'string' ? stack : messageOf(thrown);
      const text = isRefineError(thrown) ? `${thrown.code}: ${thrown.message}` : own;
      line({ message: text }, text);
    },
    say: (message) => {
      if (!isQuiet) line({ message }, message);
    },
  };
};
