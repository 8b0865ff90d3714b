/** A thread of its own for the bodies of requests: 32 MiB of JSON take longer to read than whoever watches the server would wait. */
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '../../../errors.js';
import { requestReader, type RequestOptions, type RequestRow } from './read-request.js';
import type { ReadTask, ReadReply } from './request-thread.js';

const read = requestReader(workerData as RequestOptions);

const answer = async ({ id, body, runSeed }: ReadTask): Promise<void> => {
  try {
    const rows = (await read(body, runSeed)).map(withOwnBytes);
    post(
      { id, rows },
      rows.flatMap(({ picture }) => (picture === null ? [] : [picture.buffer as ArrayBuffer])),
    );
  } catch (thrown) {
    post({ id, error: toErrorRecord(thrown) });
  }
};

const post = (reply: ReadReply, moved: ArrayBuffer[] = []): void => {
  parentPort?.postMessage(reply, moved);
};

/** Bytes that lie in a buffer that others share cannot be moved to another thread. */
const withOwnBytes = ({ row, picture }: RequestRow): RequestRow =>
  picture === null || picture.byteLength === picture.buffer.byteLength
    ? { row, picture }
    : { row, picture: picture.slice() };

parentPort?.on('message', (task: ReadTask) => {
  void answer(task);
});
