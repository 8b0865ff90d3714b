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
    const body = length === null ? growingBody(bodyLimit, share) : sizedBody(length, share);
    let received = 0;
    let pieces = 0;
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      try {
        if (received > bodyLimit) throw tooLarge();
        if (++pieces > FREE_PIECES + received / LEAST_PIECE) throw tooManyPieces(pieces, received);
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
  /** @throws SERVER_BUSY */
  add: (chunk: Buffer) => void;
  whole: () => Uint8Array;
}

/** Bytes; doubled while they do not suffice. */
const FIRST_CAPACITY = 2 ** 16;

/**
 * Copies each chunk on arrival: kept as it is, a chunk of one byte takes hundreds, and holds what it was received in. All of the
 * memory is counted, not only the bytes in it.
 */
const growingBody = (bodyLimit: number, share: Share): Body => {
  let bytes = Buffer.alloc(0);
  let end = 0;
  const grow = (needed: number): void => {
    let capacity = Math.max(bytes.length, FIRST_CAPACITY);
    while (capacity < needed) capacity *= 2;
    capacity = Math.min(capacity, bodyLimit);
    share.take(capacity - bytes.length);
    const larger = Buffer.allocUnsafeSlow(capacity);
    bytes.copy(larger, 0, 0, end);
    bytes = larger;
  };
  return {
    add: (chunk) => {
      if (end + chunk.length > bytes.length) grow(end + chunk.length);
      chunk.copy(bytes, end);
      end += chunk.length;
    },
    whole: () => bytes.subarray(0, end),
  };
};

/**
 * Copies each chunk to its place on arrival: joining 32 MiB at the end would block the server. The system does not allocate
 * pages of the buffer before they are written.
 */
const sizedBody = (length: number, share: Share): Body => {
  const bytes = Buffer.allocUnsafeSlow(length);
  let end = 0;
  return {
    add: (chunk) => {
      share.take(chunk.length);
      chunk.copy(bytes, end);
      end += chunk.length;
    },
    whole: () => bytes.subarray(0, end),
  };
};

/** Pieces that may be of any size. */
const FREE_PIECES = 10_000;
/** Bytes that further ones must have, on average. Packets of the slowest networks have 500. */
const LEAST_PIECE = 64;

const tooManyPieces = (pieces: number, received: number): RefineError =>
  invalid(
    `Expected a body in pieces of at least ${LEAST_PIECE} bytes, found ${pieces} pieces of ${received} bytes together: ` +
      'send larger chunks, or the whole body with Content-Length.',
  );

/** Also of a body that fastify refuses. */
export const TOO_LARGE =
  'The body is larger than this server takes (--body-limit). Send a smaller picture, or its URL.';
const tooLarge = (): RefineError => new RefineError('REQUEST_TOO_LARGE', TOO_LARGE);

const invalid = (message: string): RefineError => new RefineError('REQUEST_INVALID', message);
