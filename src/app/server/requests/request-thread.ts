/** The thread that reads bodies, and pictures' metadata, from the server's side. */
import { Worker } from 'node:worker_threads';
import { fromErrorRecord, type ErrorRecord } from '../../../errors.js';
import { NO_SOURCE_METADATA, type SourceMetadata } from '../../../run/batch/embed-metadata.js';
import type { ReadRequest, RequestOptions, RequestRow } from './read-request.js';

export type ReadTask = { id: number } & ({ body: Uint8Array; runSeed: number } | { picture: Uint8Array });

export type ReadReply = { id: number } & (
  { rows: readonly RequestRow[] } | { stamp: SourceMetadata } | { error: ErrorRecord }
);

interface Asker {
  resolve: (reply: ReadReply) => void;
  reject: (error: Error) => void;
}

export class RequestThread {
  #worker: Worker | null;
  #last = 0;
  readonly #askers = new Map<number, Asker>();

  /** The thread starts at once: it takes longer to start than a request to read. */
  constructor(private readonly options: RequestOptions) {
    this.#worker = this.#start();
  }

  /** One body after the other. The body is moved: its bytes are gone here. */
  readonly read: ReadRequest = async (body, runSeed) => {
    const own = ownBytes(body);
    const reply = await this.#ask({ id: ++this.#last, body: own, runSeed }, [own.buffer as ArrayBuffer]);
    return 'rows' in reply ? reply.rows : [];
  };

  /** The picture is copied: it is decoded here meanwhile. */
  readonly readMetadata = async (picture: Uint8Array): Promise<SourceMetadata> => {
    const reply = await this.#ask({ id: ++this.#last, picture });
    return 'stamp' in reply ? reply.stamp : NO_SOURCE_METADATA;
  };

  #ask(task: ReadTask, moved: ArrayBuffer[] = []): Promise<ReadReply> {
    return new Promise((resolve, reject) => {
      const worker = (this.#worker ??= this.#start());
      this.#askers.set(task.id, { resolve, reject });
      worker.postMessage(task, moved);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./read-worker.js', import.meta.url), { workerData: this.options });
    worker.on('message', (reply: ReadReply) => {
      const asker = this.#askers.get(reply.id);
      this.#askers.delete(reply.id);
      /* A surprise's own words are for the log. */
      if (!('error' in reply)) asker?.resolve(reply);
      else
        asker?.reject(reply.error.code === 'INTERNAL' ? new Error(reply.error.message) : fromErrorRecord(reply.error));
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
    for (const { reject } of this.#askers.values()) reject(error);
    this.#askers.clear();
  }
}

/** Bytes of a buffer that others share cannot be moved to another thread. */
const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
