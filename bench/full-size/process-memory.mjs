/** The most memory a process and its children had, looked at ten times a second. Linux: elsewhere nothing is known. */
import { readdirSync, readFileSync } from 'node:fs';

const GIGABYTE_OF_KILOBYTES = 2 ** 20;

/** @returns a function that ends the watch and gives { resident, private } in GB; private: what no file lies behind */
export const watchMemory = (pid) => {
  const most = { resident: 0, private: 0 };
  const timer = setInterval(() => {
    const now = familyOf(pid).map(statusOf);
    for (const key of ['resident', 'private']) {
      most[key] = Math.max(most[key], now.reduce((sum, status) => sum + status[key], 0) / GIGABYTE_OF_KILOBYTES);
    }
  }, 100);
  return () => {
    clearInterval(timer);
    return most;
  };
};

const statusOf = (pid) => {
  const text = readOr(`/proc/${pid}/status`, '');
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
  return { resident: field('VmRSS'), private: field('RssAnon') };
};

const familyOf = (pid) => {
  const parents = readdirOr('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => [Number(name), Number(readOr(`/proc/${name}/stat`, ') 0 0').split(') ').at(-1).split(' ')[1])]);
  const family = [pid];
  for (const member of family) family.push(...parents.filter(([, parent]) => parent === member).map(([own]) => own));
  return family;
};

const readOr = (path, otherwise) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
};

const readdirOr = (path) => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
