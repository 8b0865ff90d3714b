/** Who holds a lock: a process, told apart from others with its number. */
import { hostname } from 'node:os';
import { pid } from 'node:process';
import {
  MACHINE_NAMESPACE,
  processNamespace,
  processStart,
  type ProcessNamespace,
} from '../system/process-identity.js';

export interface ProcessHolder {
  pid: number;
  host: string;
  /** Namespace of its number, and its start there; null if its system does not tell. */
  place: ProcessNamespace | null;
  start: string | null;
}

export const ownHolder = async (): Promise<ProcessHolder> => ({
  pid,
  host: hostname(),
  place: await processNamespace(),
  start: await processStart(pid),
});

/** `near`: in another container of this machine, which has the same clock; only its heartbeat tells whether it is alive. */
export type HolderState = 'alive' | 'ended' | 'near' | 'far';

/** @param isAlive whether a process of this machine is alive */
export const stateOfHolder = async (holder: ProcessHolder, isAlive: (pid: number) => boolean): Promise<HolderState> => {
  const place = await processNamespace();
  if (holder.place !== null && place !== null) {
    const [isBoot, isSpace] = [holder.place.boot === place.boot, holder.place.namespace === place.namespace];
    if (isBoot && isSpace) return holder.start === (await processStart(holder.pid)) ? 'alive' : 'ended';
    if (isBoot) return 'near';
    /* The machine was restarted; a container of the same name may be another one. */
    return holder.host === hostname() && isSpace && place.namespace === MACHINE_NAMESPACE ? 'ended' : 'far';
  }
  if (holder.host !== hostname()) return 'far';
  /* This process's number in a lock that it does not hold is of an earlier process. */
  return holder.pid !== pid && isAlive(holder.pid) ? 'alive' : 'ended';
};

/** Of parsed JSON; null if it names no process. A lock of an older version, or of a system that does not tell, has no place. */
export const parseHolder = (value: Readonly<Record<string, unknown>>): ProcessHolder | null => {
  const { pid: number, host, start } = value;
  /* 0 and negative numbers mean process groups, which are always alive. */
  if (!Number.isSafeInteger(number) || Number(number) < 1 || typeof host !== 'string') return null;
  const place = value['place'] as Partial<ProcessNamespace> | null | undefined;
  if (typeof place?.boot !== 'string' || typeof place.namespace !== 'string' || typeof start !== 'string')
    return { pid: Number(number), host, place: null, start: null };
  return { pid: Number(number), host, place: { boot: place.boot, namespace: place.namespace }, start };
};
