/** Sends many wrong requests to a server of its own, some at a time, and says which of them were not refused as they should be. */
import { connect } from 'node:net';
import { mt19937 } from '#src/diffusion/random/mt19937.js';
import { badRequest, type BadRequest } from './bad-requests.js';
import { waitFor } from './processes.js';
import { postScore, quickRequest, readMetric, startServe, stopServe, type ErrorBody, type Serving } from './serve.js';

export interface Sending {
  requests: number;
  atOnce: number;
  seed: number;
}

interface Answer {
  status: number;
  body: string;
}

/** Sends raw bytes and reads to the end of the connection. */
const exchange = ({ port }: Serving, { bytes, halfClose }: BadRequest): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      /* A server that has answered may close while we still write. */
      if (chunks.length === 0) reject(error);
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), body: text.slice(text.indexOf('\r\n\r\n') + 4) });
    });
    socket.write(bytes);
    if (halfClose) socket.end();
  });

const faultOf = (request: BadRequest, { status, body }: Answer): string | null => {
  const isRefused = status >= 400 && status < 500;
  let error: Partial<ErrorBody['error']> | undefined;
  try {
    ({ error } = JSON.parse(body) as Partial<ErrorBody>);
  } catch {
    /* Said below. */
  }
  const length = error?.message?.length ?? 0;
  const isClear = typeof error?.code === 'string' && length > 20 && length < 2000;
  return isRefused && isClear ? null : `${status} ${body.slice(0, 300)} for ${request.what}`;
};

/** What is wrong with a server that all of them were sent to: it is to stand as before, and serve. */
const afterwards = async (server: Serving): Promise<string[]> => {
  const faults: string[] = [];
  if (/^ +at /m.test(server.log())) faults.push('a stack in the log');
  for (const metric of ['sdxl_refine_queue_requests', 'sdxl_refine_queue_waiting', 'sdxl_refine_body_bytes']) {
    /* They sink when the last responses have closed. */
    const isFree = waitFor(`${metric} to be 0`, async () => (await readMetric(server.url, metric)) === 0);
    await isFree.catch((error: unknown) => faults.push(String(error)));
  }
  const { status } = await postScore(server.url, quickRequest);
  return status === 200 ? faults : [...faults, `${status} for a good request`];
};

export const sendBadRequests = async ({
  requests,
  atOnce,
  seed,
}: Sending): Promise<{ sent: number; faults: readonly string[] }> => {
  const server = await startServe(['--receive-timeout', '2', '--body-limit', '1', '--queue', '100']);
  const numbers = mt19937(seed);
  const faults: string[] = [];
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < requests) {
      sent++;
      const request = badRequest((below) => numbers() % Math.floor(below));
      const answer = await exchange(server, request).catch((error: unknown) => ({ status: 0, body: String(error) }));
      const fault = faultOf(request, answer);
      if (fault !== null) faults.push(fault);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
    return { sent, faults: [...faults, ...(await afterwards(server))] };
  } finally {
    await stopServe(server);
  }
};
