import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '#src/io/files/write-all.js';

/** A handle that writes at most `room` bytes at a time, as a disk that fills does; without room, none. */
const shortHandle = (rooms: number[]) => {
  const written: { bytes: number[]; at: number | null }[] = [];
  const write = (data: Uint8Array, offset: number, length: number, at: number | null) => {
    const bytesWritten = Math.min(length, rooms.shift() ?? 0);
    written.push({ bytes: [...data.subarray(offset, offset + bytesWritten)], at });
    return Promise.resolve({ bytesWritten, buffer: data });
  };
  return { handle: { write } as unknown as Pick<FileHandle, 'write'>, written };
};

it('goes on after a short write, at the place where it ended', async () => {
  const appended = shortHandle([3, 1, 9]);
  await writeAll(appended.handle, Uint8Array.of(1, 2, 3, 4, 5, 6));
  expect(appended.written.map(({ bytes }) => bytes)).toEqual([[1, 2, 3], [4], [5, 6]]);
  const placed = shortHandle([5, 9]);
  await writeAll(placed.handle, Float32Array.of(1, 2), 100);
  expect(placed.written.map(({ bytes, at }) => [bytes.length, at])).toEqual([
    [5, 100],
    [3, 105],
  ]);
  expect(placed.written.flatMap(({ bytes }) => bytes)).toEqual([...new Uint8Array(Float32Array.of(1, 2).buffer)]);
});

it('fails where nothing more is written, and passes on the error that says why', async () => {
  await expect(writeAll(shortHandle([2]).handle, Uint8Array.of(1, 2, 3))).rejects.toThrow('the disk is full');
  const full = { write: () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' })) };
  await expect(writeAll(full as never, Uint8Array.of(1))).rejects.toMatchObject({ code: 'ENOSPC' });
});
