/** Receives request bodies: checks size and encoding first, and counts bytes within the budget of all requests. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RefineError } from '../../../errors.js';
import type { ByteBudget, Share } from './byte-budget.js';

export interface BodyOptions {
  /** Most bytes of one body. */
  bodyLimit: number;
  budget: ByteBudget;
}

/** @returns a function that returns a request's share of the budget, which lasts until the response is sent or the connection closed */
export const addBodyReader = (
  app: FastifyInstance,
  { bodyLimit, budget }: BodyOptions,
): ((request: FastifyRequest) => Share) => {
  const shares = new WeakMap<FastifyRequest, Share>();
  const shareOf = (request: FastifyRequest): Share => {
    const share = shares.get(request);
    if (share === undefined) throw new Error('a request without a share');
    return share;
  };
  app.addHook('onRequest', (request, reply, done) => {
    const share = budget.share();
    shares.set(request, share);
    reply.raw.once('close', share.release);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    refuseEncoded(request);
    const length = Number(request.headers['content-length'] ?? 0);
    const share = shareOf(request);
    if (length > bodyLimit) throw tooLarge();
    share.expect(length);
    return receive(payload, {
      length: request.headers['content-length'] === undefined ? null : length,
      bodyLimit,
      share,
    });
  });
  return shareOf;
};

const refuseEncoded = ({ headers }: FastifyRequest): void => {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = headers;
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset)) throw invalid(`Expected a body in UTF-8, got the charset ${charset.slice(0, 40)}.`);
  if (encoding !== 'identity') {
    throw invalid(`Expected a body as it is, got Content-Encoding: ${encoding.slice(0, 40)}.`);
  }
};

interface Expected {
  /** null: the client did not say. */
  length: number | null;
  bodyLimit: number;
  share: Share;
}

/** Uses events, because ending an iteration over the stream early would close the connection before the response. */
const receive = (payload: IncomingMessage, { length, bodyLimit, share }: Expected): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const body = length === null ? growingBody() : sizedBody(length);
    let received = 0;
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      try {
        if (received > bodyLimit) throw tooLarge();
        share.take(chunk.length);
        body.add(chunk);
      } catch (thrown) {
        fail(thrown as Error);
      }
    };
    const onEnd = (): void => {
      resolve(body.whole());
    };
    const fail = (error: Error): void => {
      payload.off('data', onData).off('end', onEnd);
      /* Releases the bytes at once: the client may keep the connection open for long. */
      share.release();
      reject(error);
    };
    payload.on('data', onData).on('end', onEnd).on('error', fail);
  });

interface Body {
  add: (chunk: Buffer) => void;
  whole: () => Uint8Array;
}

const growingBody = (): Body => {
  const chunks: Buffer[] = [];
  return { add: (chunk) => chunks.push(chunk), whole: () => Buffer.concat(chunks) };
};

/**
 * Copies each chunk to its place on arrival: joining 32 MiB at the end would block the server. The system does not allocate
 * pages of the buffer before they are written.
 */
const sizedBody = (length: number): Body => {
  const bytes = Buffer.allocUnsafeSlow(length);
  let end = 0;
  return {
    add: (chunk) => {
      chunk.copy(bytes, end);
      end += chunk.length;
    },
    whole: () => bytes.subarray(0, end),
  };
};

const tooLarge = (): RefineError =>
  new RefineError(
    'REQUEST_TOO_LARGE',
    'The body is larger than this server takes (--body-limit). Send a smaller picture, or its URL.',
  );

const invalid = (message: string): RefineError => new RefineError('REQUEST_INVALID', message);
