/**
 * What a power cut would leave: bytes last once their file is synced, names once their folder is. From the calls of a run,
 * whatever could be lost though a line of the results says that it is there.
 */
import { dirname } from 'node:path';
import type { CallNote } from './fault-shim.js';

const textOf = ({ data }: CallNote): string => Buffer.from(data, 'hex').toString('utf8');

/** @param notes of one run @param folder the output folder @returns what does not hold */
export const orderFaults = (notes: readonly CallNote[], folder: string): string[] => {
  const results = `${folder}/results.jsonl`;
  const faults: string[] = [];
  /** Whether a call of this kind on `path` begins after note `from` and has ended well before note `to`. */
  const isDone = (calls: readonly string[], path: string, from: number, to: number): boolean =>
    notes.slice(from, to).some((note, at) => {
      if (note.phase !== 'begin' || note.path !== path || !calls.includes(note.call)) return false;
      const rest = notes.slice(from + at, to);
      return rest.some(({ number, phase, result }) => number === note.number && phase === 'end' && result >= 0);
    });
  const isSynced = (path: string, from: number, to: number): boolean => isDone(['fsync', 'fdatasync'], path, from, to);
  /** Where a call ended that gave a file or a folder its name. */
  const namings = (to: string): number[] =>
    notes.flatMap((note, at) => {
      const named = note.call === 'rename' || note.call === 'link' ? note.to : note.path;
      const isNaming = ['rename', 'link', 'create', 'mkdir'].includes(note.call) && named === to;
      return isNaming && note.phase === 'end' && note.result >= 0 ? [at] : [];
    });
  /** The name is safe before note `to`, and those of the folders above it that the run made. */
  const isNameSafe = (path: string, to: number): boolean =>
    namings(path)
      .filter((at) => at < to)
      .slice(0, 1)
      .every((at) => isSynced(dirname(path), at, to)) &&
    (path === folder || isNameSafe(dirname(path), to));

  notes.forEach((note, at) => {
    if (note.call === 'rename' && note.phase === 'begin') {
      const written = notes.findLastIndex(
        ({ call, path }, before) => before < at && call === 'write' && path === note.path,
      );
      if (written >= 0 && !isSynced(note.path, written, at)) faults.push(`${note.path} is renamed and not synced`);
    }
    if (note.call !== 'write' || note.phase !== 'begin' || note.path !== results) return;
    const [, name] = /"image_file_name":"([^"]+)"/.exec(textOf(note)) ?? [];
    /* One that has no name from this run is of a run before. */
    const named = name === undefined ? [] : namings(`${folder}/${name}`);
    if (named.length > 0 && named.every((naming) => naming > at)) {
      faults.push(`${name} has a line before it has its name`);
    }
    if (name !== undefined && !isNameSafe(`${folder}/${name}`, at)) faults.push(`${name} has a line and may be lost`);
    if (!isNameSafe(results, at)) faults.push('results.jsonl may be lost with its lines');
    const next = notes.findIndex(
      ({ call, phase, path }, after) => after > at && call === 'write' && phase === 'begin' && path === results,
    );
    /* The line of a picture of a run before is on the disk already, further up. */
    const isNew = name === undefined || named.length > 0;
    if (isNew && !isSynced(results, at, next < 0 ? notes.length : next))
      faults.push(`a line is followed before it is synced`);
  });
  return faults;
};
