/**
 * What tells a process from others that have its number: those after it, and those of other containers, where every run may be
 * number 1. Linux says it (proc(5): pid_namespaces, field 22 of /proc/<pid>/stat, boot_id); elsewhere a heartbeat has to do.
 */
import { readFile, readlink } from 'node:fs/promises';

/** Where process numbers count. */
export interface ProcessNamespace {
  /** Of this start of the machine. */
  boot: string;
  namespace: string;
}

/** The namespace that a machine itself has, outside of any container (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
export const MACHINE_NAMESPACE = 'pid:[4026531836]';

/** null: this system does not say. */
export const processNamespace = async (): Promise<ProcessNamespace | null> => {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return { boot: boot.trim(), namespace: await readlink('/proc/self/ns/pid') };
  } catch {
    return null;
  }
};

/** When a process of this place began, in clock ticks since the machine did; null: it does not exist, has ended, or the system does not say. */
export const processStart = async (pid: number): Promise<string | null> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  /* The name, in parentheses, may hold anything. */
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
};
