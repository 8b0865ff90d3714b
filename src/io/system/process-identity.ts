/**
 * Distinguishes a process from others with its number: later ones, and those of other containers, where every run may be number 1.
 * Only Linux tells (proc(5): pid_namespaces, field 22 of /proc/<pid>/stat, boot_id); elsewhere the heartbeat must suffice.
 */
import { readFile, readlink } from 'node:fs/promises';

/** Scope of process numbers. */
export interface ProcessNamespace {
  /** Identifies the machine's boot. */
  boot: string;
  namespace: string;
}

/** The machine's namespace, outside containers (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
export const MACHINE_NAMESPACE = 'pid:[4026531836]';

/** null if the system does not tell. */
export const processNamespace = async (): Promise<ProcessNamespace | null> => {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return { boot: boot.trim(), namespace: await readlink('/proc/self/ns/pid') };
  } catch {
    return null;
  }
};

/** Start of a process in this namespace, in clock ticks since boot; null if it does not exist, has ended, or the system does not tell. */
export const processStart = async (pid: number): Promise<string | null> => {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  /* The name, in parentheses, may contain any characters. */
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? null : (fields[18] ?? null);
};
