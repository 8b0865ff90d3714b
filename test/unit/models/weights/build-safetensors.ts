/** Makes files, folders and expectations for the tests of this folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRefineError, type ErrorCode, type RefineError } from '#src/errors.js';

/** An entry of a header; any JSON, since tests write what is not allowed. */
export type RawEntry = Record<string, unknown>;

export const entry = (dtype: string, shape: unknown[], begin: number, end: number): RawEntry => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

/** The bytes of a file: length, header, data. */
export const fileOf = (header: string | object, data: Uint8Array = new Uint8Array()): Buffer => {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, data]);
};

export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

const folders: string[] = [];

/** A new folder, removed after all tests of the file. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-weights-'));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export const write = (folder: string, name: string, content: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** The RefineError that `action` ends in, of this code. */
export const errorOf = async (code: ErrorCode, action: () => unknown): Promise<RefineError> => {
  try {
    await action();
  } catch (thrown) {
    if (!isRefineError(thrown)) throw thrown;
    expect(thrown.code).toBe(code);
    return thrown;
  }
  throw new Error(`expected ${code}, but nothing was thrown`);
};
