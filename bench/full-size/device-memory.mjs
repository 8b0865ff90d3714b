/** Memory in use on NVIDIA's GPUs, by nvidia-smi: of the whole device, since a container does not see whose it is. */
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { watchMemory } from './process-memory.mjs';

const GIGABYTE_OF_MEBIBYTES = 2 ** 10;
const FORMAT = '--format=csv,noheader,nounits';
/** nvidia-smi tells late that the program before has ended. */
const LATE_MS = 500;

const ask = (fields) => {
  try {
    const answer = execFileSync('nvidia-smi', [`--query-gpu=${fields}`, FORMAT], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return answer
      .trim()
      .split('\n')
      .map((line) => line.split(', '));
  } catch {
    return null;
  }
};

/** For people; null: nvidia-smi is not here, or finds none. */
export const describeGpus = () => {
  const gpus = ask('name,driver_version,memory.total');
  if (gpus === null) return null;
  const lines = gpus.map(
    ([name, driver, total]) => `${name}, ${(total / GIGABYTE_OF_MEBIBYTES).toFixed(0)} GB, driver ${driver}`,
  );
  return lines.join('; ');
};

class DeviceMemory {
  #child;
  #most = 0;
  #notBefore = 0;

  /** Looks ten times a second, until `end`. What is in use now belongs to no program under measurement. */
  start() {
    const idle = new Map((ask('index,memory.used') ?? []).map(([index, used]) => [index, Number(used)]));
    /* A GPU that shares the machine's memory has no figure of its own. */
    if (idle.size === 0 || [...idle.values()].some(Number.isNaN)) return;
    const now = new Map(idle);
    this.#child = spawn('nvidia-smi', ['--query-gpu=index,memory.used', FORMAT, '--loop-ms=100'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [index, used] = line.split(', ');
      now.set(index, Number(used));
      if (performance.now() < this.#notBefore) return;
      const more = [...idle].reduce((sum, [gpu, before]) => sum + now.get(gpu) - before, 0);
      this.#most = Math.max(this.#most, more / GIGABYTE_OF_MEBIBYTES);
    });
  }

  /** @returns a function that ends the watch and gives the most GB in use, beyond those of the start; null: unknown */
  watch() {
    this.#most = 0;
    this.#notBefore = performance.now() + LATE_MS;
    return () => (this.#child === undefined ? null : this.#most);
  }

  end() {
    this.#child?.kill();
  }
}

export const deviceMemory = new DeviceMemory();

/** Of a program and the GPUs. @returns a function that ends the watch and gives { resident, private, device } in GB */
export const watchProgram = (pid) => {
  const [endProcess, endDevice] = [watchMemory(pid), deviceMemory.watch()];
  return () => ({ ...endProcess(), device: endDevice() });
};
