/** A thread of its own for the bodies of requests and the metadata of pictures: reading them would block the server's health checks. */
import { parentPort, workerData } from 'node:worker_threads';
import { toErrorRecord } from '../../../errors.js';
import { readSourceMetadata, type SourceMetadata } from '../../../run/batch/embed-metadata.js';
import { requestReader, type RequestOptions, type RequestRow } from './read-request.js';
import type { ReadTask, ReadReply } from './request-thread.js';

const read = requestReader(workerData as RequestOptions);

const answer = async (task: ReadTask): Promise<void> => {
  const { id } = task;
  try {
    if ('picture' in task) {
      post({ id, stamp: keepingFew(readSourceMetadata(task.picture)) });
      return;
    }
    const rows = (await read(task.body, task.runSeed)).map(withOwnBytes);
    post(
      { id, rows },
      rows.flatMap(({ picture }) => (picture === null ? [] : [picture.buffer as ArrayBuffer])),
    );
  } catch (thrown) {
    post({ id, error: toErrorRecord(thrown) });
  }
};

/** Characters of the texts that travel from a picture into its answer: a graph has some 100 000, and writing 16 MiB of them takes long. */
const MOST_KEPT = 2 ** 20;

const keepingFew = ({ kept, ...stamp }: SourceMetadata): SourceMetadata => {
  let left = MOST_KEPT;
  return { ...stamp, kept: kept.filter(({ text }) => (left -= text.length) >= 0) };
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
