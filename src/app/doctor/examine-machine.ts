/** Reads what Node and the system say about the machine. */
import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { availableMemory } from '../../io/system/available-memory.js';
import type { MachineReport } from './report.js';

/** The same as `engines` in package.json. */
export const LEAST_NODE: readonly [number, number] = [20, 9];

/** CPU features by which ONNX Runtime selects kernels, as Linux names them (arch/x86/include/asm/cpufeatures.h, Arm's hwcap). */
const DECISIVE = new Set([
  ...['avx', 'avx2', 'fma', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx_vnni', 'amx_tile', 'amx_int8', 'amx_bf16'],
  ...['asimd', 'asimddp', 'asimdhp', 'i8mm', 'bf16', 'sve', 'sme'],
]);

/**
 * @param cwd working directory of a run
 * @param free bytes, as the engine counts them: within a container's limit
 */
export const examineMachine = async (cwd: string, free = availableMemory): Promise<MachineReport> => {
  const { version } = process;
  const memoryLimit = process.constrainedMemory();
  return {
    node: { version: version.slice(1), required: LEAST_NODE.join('.'), ok: isNewEnough(version) },
    platform: platform(),
    arch: arch(),
    os_release: release(),
    cpu: cpus()[0]?.model.trim() ?? null,
    cpu_features: await readFile('/proc/cpuinfo', 'utf8').then(parseCpuFeatures, () => null),
    cores: availableParallelism(),
    memory: {
      total_bytes: totalmem(),
      free_bytes: free(),
      /* Without a limit, some systems report more than all memory, others 0. */
      limit_bytes: memoryLimit > 0 && memoryLimit < totalmem() ? memoryLimit : null,
    },
    disks: [await examineDisk('current folder', cwd), await examineDisk('temporary files', tmpdir())],
  };
};

/** @param version `v20.9.0` */
export const isNewEnough = (version: string): boolean => {
  const [major = 0, minor = 0] = version.slice(1).split('.').map(Number);
  return major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
};

/** @param cpuinfo text of `/proc/cpuinfo` @returns null: the text has no line of features */
export const parseCpuFeatures = (cpuinfo: string): string[] | null => {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1];
  return line?.split(/\s+/).filter((name) => DECISIVE.has(name)) ?? null;
};

const examineDisk = async (use: string, folder: string): Promise<MachineReport['disks'][number]> => {
  const stats = await statfs(folder).catch(() => null);
  return { use, folder, free_bytes: stats === null ? null : stats.bavail * stats.bsize };
};
