/** Where objects are kept: a folder, or object storage. Names are relative and checked; an object appears whole or not at all. */

export interface ReadOptions {
  /** Bytes that the object may have; larger ones are refused before a byte is read. */
  maxBytes: number;
  signal?: AbortSignal;
}

export interface ObjectState {
  /** Bytes. */
  size: number;
  /** SHA-256 of its bytes, hexadecimal; null for an object that another program wrote without one. */
  sha256: string | null;
}

/**
 * All methods throw `STORE_DENIED`, `STORE_THROTTLED`, `STORE_UNAVAILABLE`, `STORE_MISSING` for a missing bucket, and
 * `STORE_URI_INVALID` for a name that is absolute, leaves the store, or has control characters or backslashes.
 */
export interface Store {
  /** The URI or folder as messages show it, without credentials. */
  readonly shown: string;
  /** @throws STORE_MISSING if there is no such object, STORE_TOO_LARGE */
  read(name: string, options: ReadOptions): Promise<Uint8Array>;
  /** The same as a stream of chunks, for manifests and results of any size. @throws STORE_MISSING */
  stream(name: string, options?: { signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** Whether there is such an object; reads none of its bytes. */
  has(name: string): Promise<boolean>;
  /** null if there is no such object. A folder reads the whole file for its digest. */
  stat(name: string): Promise<ObjectState | null>;
  /** Writes an object and its digest; never replaces one: false if the name is taken. */
  writeNew(name: string, data: Uint8Array): Promise<boolean>;
  /** As `writeNew`, but replaces. Readers get the old object or the new one. */
  write(name: string, data: Uint8Array): Promise<void>;
  /**
   * As `write`, of a file, in chunks.
   * @param sha256 of the file
   */
  writeFile(name: string, path: string, sha256: string): Promise<void>;
  /** @throws STORE_URI_INVALID for a name that cannot be written here */
  checkName(name: string): void;
  /**
   * The objects whose names begin with `prefix`, in the store's order, which is the same each time: by the names' UTF-8 bytes in
   * folders, S3 and Google Cloud Storage. Names that `STORE_URI_INVALID` refuses are passed over.
   */
  list(prefix: string): AsyncIterable<{ name: string; size: number }>;
  /** Does nothing if there is no such object. */
  remove(name: string): Promise<void>;
}
