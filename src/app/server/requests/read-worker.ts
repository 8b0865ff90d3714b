/** Worker thread that reads request bodies and pictures' metadata, which would block the server's health checks. */
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
      post({ id, stamp: limitTexts(readSourceMetadata(task.picture)) });
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

/** Most characters of texts copied from a picture to its result. A ComfyUI graph has some 100 000; writing 16 MiB takes long. */
const MAX_TEXT = 2 ** 20;

const limitTexts = ({ kept, ...stamp }: SourceMetadata): SourceMetadata => {
  let left = MAX_TEXT;
  return { ...stamp, kept: kept.filter(({ text }) => (left -= text.length) >= 0) };
};

const post = (reply: ReadReply, moved: ArrayBuffer[] = []): void => {
  parentPort?.postMessage(reply, moved);
};

/** Copies a view of a shared buffer, which cannot be transferred to another thread. */
const withOwnBytes = ({ row, picture }: RequestRow): RequestRow =>
  picture === null || picture.byteLength === picture.buffer.byteLength
    ? { row, picture }
    : { row, picture: picture.slice() };

parentPort?.on('message', (task: ReadTask) => {
  void answer(task);
});
