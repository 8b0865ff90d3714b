/**
 * A table of names and numbers: in memory while it is small, then in a temporary file without a name, so that memory does not grow
 * with the rows. The file is a hash table with open addressing; the system's cache holds the part that is in use.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, RefineError } from '../../../errors.js';

export interface NameTable {
  get(name: string): number | undefined;
  /** @param value 0 to 2^48 - 2 */
  set(name: string, value: number): void;
  close(): void;
}

/** Names in memory, some 10 MB. */
const MOST_IN_MEMORY = 2 ** 17;
/** Of SHA-1: among a hundred million names, the probability of a collision is 1 in 200 million. */
const KEY_BYTES = 10;
const VALUE_BYTES = 6;
const SLOT_BYTES = KEY_BYTES + VALUE_BYTES;
const FIRST_SLOTS = 2 ** 20;
const GROWTH = 4;
const MOST_FULL = 0.7;
/** Read at a time: most often the one read that a name needs. */
const PROBED_SLOTS = 64;

const keyOf = (name: string): Buffer => createHash('sha1').update(name).digest().subarray(0, KEY_BYTES);

/** @param mostInMemory @param firstSlots a power of two, at least `PROBED_SLOTS`; both for tests @throws OUTPUT_UNWRITABLE if the temporary folder has no room */
export const createNameTable = (mostInMemory = MOST_IN_MEMORY, firstSlots = FIRST_SLOTS): NameTable => {
  const inMemory = new Map<string, number>();
  let file: TableFile | null = null;
  const moveToFile = (): TableFile => {
    const opened = new TableFile(firstSlots);
    for (const [key, value] of inMemory) opened.set(Buffer.from(key, 'latin1'), value);
    inMemory.clear();
    return opened;
  };
  return {
    get: (name) => (file === null ? inMemory.get(keyOf(name).toString('latin1')) : file.get(keyOf(name))),
    set: (name, value) => {
      if (file === null && inMemory.size >= mostInMemory) file = moveToFile();
      if (file === null) {
        inMemory.set(keyOf(name).toString('latin1'), value);
        return;
      }
      if (file.isFull) {
        const larger: TableFile = file.enlarged();
        file.close();
        file = larger;
      }
      file.set(keyOf(name), value);
    },
    close: () => {
      file?.close();
      file = null;
    },
  };
};

class TableFile {
  readonly #handle: number;
  #count = 0;
  readonly #window = Buffer.alloc(PROBED_SLOTS * SLOT_BYTES);
  readonly #slot = Buffer.alloc(SLOT_BYTES);

  /** @param slots a power of two, at least `PROBED_SLOTS` */
  constructor(private readonly slots: number) {
    const path = join(tmpdir(), `.sdxl-refine-names-${randomUUID()}`);
    try {
      this.#handle = openSync(path, 'wx+');
      /* Without a name it ends with the process, however that ends. */
      unlinkSync(path);
      ftruncateSync(this.#handle, slots * SLOT_BYTES);
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  get isFull(): boolean {
    return this.#count >= this.slots * MOST_FULL;
  }

  get(key: Buffer): number | undefined {
    const { value } = this.#find(key);
    return value === 0 ? undefined : value - 1;
  }

  set(key: Buffer, value: number): void {
    const found = this.#find(key);
    if (found.value === 0) this.#count++;
    key.copy(this.#slot);
    this.#slot.writeUIntBE(value + 1, KEY_BYTES, VALUE_BYTES);
    try {
      writeSync(this.#handle, this.#slot, 0, SLOT_BYTES, found.slot * SLOT_BYTES);
    } catch (cause) {
      throw unwritable(cause);
    }
  }

  enlarged(): TableFile {
    const larger = new TableFile(this.slots * GROWTH);
    for (let slot = 0; slot < this.slots; slot += PROBED_SLOTS) {
      this.#read(slot);
      for (let at = 0; at < this.#window.length; at += SLOT_BYTES) {
        const value = this.#window.readUIntBE(at + KEY_BYTES, VALUE_BYTES);
        if (value > 0) larger.set(Buffer.from(this.#window.subarray(at, at + KEY_BYTES)), value - 1);
      }
    }
    return larger;
  }

  close(): void {
    closeSync(this.#handle);
  }

  /** The key's slot, or the free one for it; a value of 0 is none. */
  #find(key: Buffer): { slot: number; value: number } {
    const first = key.readUIntBE(0, VALUE_BYTES) % this.slots;
    const block = first - (first % PROBED_SLOTS);
    for (let begin = block, from = first - block; ; begin = (begin + PROBED_SLOTS) % this.slots, from = 0) {
      this.#read(begin);
      for (let at = from * SLOT_BYTES; at < this.#window.length; at += SLOT_BYTES) {
        const value = this.#window.readUIntBE(at + KEY_BYTES, VALUE_BYTES);
        if (value === 0 || key.compare(this.#window, at, at + KEY_BYTES) === 0)
          return { slot: begin + at / SLOT_BYTES, value };
      }
    }
  }

  #read(slot: number): void {
    readSync(this.#handle, this.#window, 0, this.#window.length, slot * SLOT_BYTES);
  }
}

const unwritable = (cause: unknown): RefineError =>
  new RefineError(
    'OUTPUT_UNWRITABLE',
    `Cannot write a temporary file in ${tmpdir()}, which names of rows need beyond ${MOST_IN_MEMORY}: ${messageOf(cause)}. Set TMPDIR to a folder with more room, some 50 bytes for each row.`,
    { cause },
  );
