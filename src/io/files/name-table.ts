/**
 * A table of names and numbers: in memory while it is small, then in a temporary file without a name, so that memory does not grow
 * with the rows. Both are the same hash table with open addressing; the system's cache holds the part of the file that is in use.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, RefineError } from '../../errors.js';

/** What a table knows of a name: made once where several tables are asked. */
export type NameKey = Buffer;

export interface NameTable {
  get(key: NameKey): number | undefined;
  /** @param value 0 to 2^48 - 2 */
  set(key: NameKey, value: number): void;
  close(): void;
}

/** Of SHA-1: among a hundred million names, the probability of a collision is 1 in 200 million. */
const KEY_BYTES = 10;
const VALUE_BYTES = 6;
const SLOT_BYTES = KEY_BYTES + VALUE_BYTES;
const FIRST_SLOTS = 2 ** 10;
/** 16 MB; some 700 000 names fit. */
const MOST_SLOTS_IN_MEMORY = 2 ** 20;
const GROWTH = 4;
const MOST_FULL = 0.7;
/** Read at a time: most often the one read that a name needs. */
const PROBED_SLOTS = 64;

export const keyOf = (name: string): NameKey => createHash('sha1').update(name).digest().subarray(0, KEY_BYTES);

/** @param mostInMemory slots, for tests @throws OUTPUT_UNWRITABLE if the temporary folder has no room */
export const createNameTable = (mostInMemory = MOST_SLOTS_IN_MEMORY): NameTable => {
  const open = (slots: number): SlotTable =>
    new SlotTable(slots, slots <= mostInMemory ? memoryOf(slots) : openFile(slots));
  let table: SlotTable | null = null;
  return {
    get: (key) => table?.get(key),
    set: (key, value) => {
      table ??= open(FIRST_SLOTS);
      if (table.isFull) {
        const larger: SlotTable = open(table.slots * GROWTH);
        table.copyTo(larger);
        table.close();
        table = larger;
      }
      table.set(key, value);
    },
    close: () => {
      table?.close();
      table = null;
    },
  };
};

/** Bytes of a table, zeros at first. */
interface SlotBytes {
  /** `PROBED_SLOTS` slots; valid until the next call. */
  read(slot: number): Buffer;
  write(slot: number, bytes: Buffer): void;
  close(): void;
}

const memoryOf = (slots: number): SlotBytes => {
  const bytes = Buffer.alloc(slots * SLOT_BYTES);
  return {
    read: (slot) => bytes.subarray(slot * SLOT_BYTES, (slot + PROBED_SLOTS) * SLOT_BYTES),
    write: (slot, written) => {
      written.copy(bytes, slot * SLOT_BYTES);
    },
    close: () => undefined,
  };
};

const openFile = (slots: number): SlotBytes => {
  const path = join(tmpdir(), `.sdxl-refine-names-${randomUUID()}`);
  const window = Buffer.alloc(PROBED_SLOTS * SLOT_BYTES);
  try {
    const handle = openSync(path, 'wx+');
    try {
      /* Without a name it ends with the process, however that ends. */
      unlinkSync(path);
      ftruncateSync(handle, slots * SLOT_BYTES);
    } catch (thrown) {
      closeSync(handle);
      throw thrown;
    }
    return {
      read: (slot) => {
        readSync(handle, window, 0, window.length, slot * SLOT_BYTES);
        return window;
      },
      write: (slot, written) => {
        try {
          writeSync(handle, written, 0, SLOT_BYTES, slot * SLOT_BYTES);
        } catch (cause) {
          throw unwritable(cause);
        }
      },
      close: () => {
        closeSync(handle);
      },
    };
  } catch (cause) {
    throw unwritable(cause);
  }
};

class SlotTable {
  #count = 0;
  readonly #slot = Buffer.alloc(SLOT_BYTES);
  /** What `get` found last: most names are set after they were looked up. */
  #found: { key: NameKey; slot: number; value: number } | null = null;

  /** @param slots a power of two, at least `PROBED_SLOTS` */
  constructor(
    readonly slots: number,
    private readonly bytes: SlotBytes,
  ) {}

  get isFull(): boolean {
    return this.#count >= this.slots * MOST_FULL;
  }

  get(key: NameKey): number | undefined {
    const { slot, value } = this.#find(key);
    this.#found = { key, slot, value };
    return value > 0 ? value - 1 : undefined;
  }

  set(key: NameKey, value: number): void {
    const found = this.#found?.key === key ? this.#found : this.#find(key);
    this.#found = null;
    if (found.value === 0) this.#count++;
    key.copy(this.#slot);
    this.#slot.writeUIntBE(value + 1, KEY_BYTES, VALUE_BYTES);
    this.bytes.write(found.slot, this.#slot);
  }

  copyTo(larger: SlotTable): void {
    for (let slot = 0; slot < this.slots; slot += PROBED_SLOTS) {
      const window = this.bytes.read(slot);
      for (let at = 0; at < window.length; at += SLOT_BYTES) {
        const value = window.readUIntBE(at + KEY_BYTES, VALUE_BYTES);
        if (value > 0) larger.set(window.subarray(at, at + KEY_BYTES), value - 1);
      }
    }
  }

  close(): void {
    this.bytes.close();
  }

  /** The key's slot, or the free one for it; a value of 0 is none. */
  #find(key: NameKey): { slot: number; value: number } {
    const first = key.readUIntBE(0, VALUE_BYTES) % this.slots;
    const block = first - (first % PROBED_SLOTS);
    for (let begin = block, from = first - block; ; begin = (begin + PROBED_SLOTS) % this.slots, from = 0) {
      const window = this.bytes.read(begin);
      for (let at = from * SLOT_BYTES; at < window.length; at += SLOT_BYTES) {
        const value = window.readUIntBE(at + KEY_BYTES, VALUE_BYTES);
        if (value === 0 || key.compare(window, at, at + KEY_BYTES) === 0)
          return { slot: begin + at / SLOT_BYTES, value };
      }
    }
  }
}

const unwritable = (cause: unknown): RefineError =>
  new RefineError(
    'OUTPUT_UNWRITABLE',
    `Cannot write a temporary file in ${tmpdir()}, which names of rows need beyond ${Math.floor(MOST_SLOTS_IN_MEMORY * MOST_FULL)}: ${messageOf(cause)}. Set TMPDIR to a folder with more room, some 50 bytes for each row.`,
    { cause },
  );
