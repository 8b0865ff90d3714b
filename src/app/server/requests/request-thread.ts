/** The server's side of the thread that reads bodies and pictures' metadata. */
import { Worker } from 'node:worker_threads';
import { fromErrorRecord, type ErrorRecord } from '../../../errors.js';
import { NO_SOURCE_METADATA, type SourceMetadata } from '../../../run/batch/embed-metadata.js';
import type { ReadRequest, RequestOptions, RequestRow } from './read-request.js';

export type ReadTask = { id: number } & ({ body: Uint8Array; runSeed: number } | { picture: Uint8Array });

export type ReadReply = { id: number } & (
  { rows: readonly RequestRow[] } | { stamp: SourceMetadata } | { error: ErrorRecord }
);

interface PendingTask {
  resolve: (reply: ReadReply) => void;
  reject: (error: Error) => void;
}

export class RequestThread {
  #worker: Worker | null;
  #last = 0;
  readonly #pending = new Map<number, PendingTask>();

  /** Starts the thread at once, because starting takes longer than reading a request. */
  constructor(private readonly options: RequestOptions) {
    this.#worker = this.#start();
  }

  /** Reads bodies in order. Transfers the body, so that its bytes are no longer readable here. */
  readonly read: ReadRequest = async (body, runSeed) => {
    const own = ownBytes(body);
    const reply = await this.#send({ id: ++this.#last, body: own, runSeed }, [own.buffer as ArrayBuffer]);
    return 'rows' in reply ? reply.rows : [];
  };

  /** Copies the picture, because this thread decodes it meanwhile. */
  readonly readMetadata = async (picture: Uint8Array): Promise<SourceMetadata> => {
    const reply = await this.#send({ id: ++this.#last, picture });
    return 'stamp' in reply ? reply.stamp : NO_SOURCE_METADATA;
  };

  #send(task: ReadTask, moved: ArrayBuffer[] = []): Promise<ReadReply> {
    return new Promise((resolve, reject) => {
      const worker = (this.#worker ??= this.#start());
      this.#pending.set(task.id, { resolve, reject });
      worker.postMessage(task, moved);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./read-worker.js', import.meta.url), { workerData: this.options });
    worker.on('message', (reply: ReadReply) => {
      const task = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      /* The message of an unexpected error is for the log only. */
      if (!('error' in reply)) task?.resolve(reply);
      else
        task?.reject(reply.error.code === 'INTERNAL' ? new Error(reply.error.message) : fromErrorRecord(reply.error));
    });
    worker.on('error', (error) => {
      this.#end(worker, error);
    });
    worker.on('exit', () => {
      this.#end(worker, new Error('the thread that reads requests has ended'));
    });
    return worker;
  }

  /** Rejects the waiting requests; the next request starts a new thread. */
  #end(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** Copies a view of a shared buffer, which cannot be transferred to another thread. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
