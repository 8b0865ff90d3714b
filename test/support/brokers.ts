/** Real brokers for tests: Redis with its append-only file, and PostgreSQL, each in a folder of its own, on a free port of loopback. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from './processes.js';

export interface TestBroker {
  uri: string;
  /** kill -9, and starts it again after a pause. */
  shake(pauseMs: number): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });

const hasCommand = (command: string): boolean => spawnSync(command, ['--version']).status === 0;

/** null: there are all; else why a test with it cannot run. */
export const missingForRedis = (): string | null => {
  if (!isInstalled('bullmq') || !isInstalled('ioredis')) return 'bullmq and ioredis are not installed: run npm install';
  return hasCommand('redis-server') ? null : 'there is no redis-server';
};

export const missingForPostgres = (): string | null => {
  if (!isInstalled('bullmq') || !isInstalled('pg')) return 'bullmq and pg are not installed: run npm install';
  if (postgresFolder() === null) return 'there is no PostgreSQL';
  return process.getuid?.() !== 0 || hasCommand('runuser')
    ? null
    : 'PostgreSQL does not run as root, and there is no runuser';
};

const isInstalled = (name: string): boolean => existsSync(new URL(`../../../node_modules/${name}`, import.meta.url));

const postgresFolder = (): string | null => {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(base, version, 'bin')).find((bin) => existsSync(join(bin, 'initdb'))) ?? null;
};

const ended = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => {
      resolve();
    });
  });

/** @param options further options of redis-server */
export const startRedis = async (folder: string, options: readonly string[] = []): Promise<TestBroker> => {
  mkdirSync(folder, { recursive: true });
  const password = options.includes('--requirepass') ? ['-a', options[options.indexOf('--requirepass') + 1]!] : [];
  let port = await freePort();
  let server: ChildProcess;
  const ask = (...words: string[]): string =>
    spawnSync('redis-cli', ['-p', String(port), ...password, ...words], { encoding: 'utf8' }).stdout;
  const start = async (): Promise<void> => {
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
    server = spawn('redis-server', [...own, ...options], { stdio: 'ignore' });
    await waitFor('Redis', () => {
      if (server.exitCode !== null) throw new Error('Redis ended at its start');
      /* Another server that took the port first would answer, too. */
      return ask('ping').includes('PONG') && ask('config', 'get', 'dir').includes(folder);
    });
  };
  const kill = async (): Promise<void> => {
    server.kill('SIGKILL');
    await ended(server);
  };
  await start().catch(async () => {
    port = await freePort();
    await start();
  });
  return {
    uri: `redis://127.0.0.1:${port}`,
    start,
    kill,
    shake: async (pauseMs) => {
      await kill();
      await sleep(pauseMs);
      await start();
    },
    stop: kill,
  };
};

/** Its data are in a folder that the user of PostgreSQL can reach, until it is stopped. */
export const startPostgres = async (): Promise<TestBroker> => {
  const port = await freePort();
  const bin = postgresFolder()!;
  const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-postgres-'));
  const data = join(folder, 'data');
  const isRoot = process.getuid?.() === 0;
  const asUser = (command: string, args: readonly string[]): [string, string[]] =>
    isRoot ? ['runuser', ['-u', 'postgres', '--', command, ...args]] : [command, [...args]];
  if (isRoot) {
    const [uid, gid] = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
    );
    chmodSync(folder, 0o755);
    mkdirSync(data);
    chownSync(data, uid!, gid!);
  }
  const run = (command: string, args: readonly string[]): void => {
    const { status, stderr } = spawnSync(...asUser(join(bin, command), args), { encoding: 'utf8', cwd: '/' });
    if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  };
  run('initdb', ['-D', data, '-U', 'tester', '-A', 'trust', '--no-sync']);
  let server: ChildProcess;
  const isReady = (): boolean =>
    spawnSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'tester']).status === 0;
  const start = async (): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      const args = ['-D', data, '-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1'];
      server = spawn(...asUser(join(bin, 'postgres'), args), { stdio: 'ignore', cwd: '/' });
      try {
        await waitFor('PostgreSQL', () => {
          if (server.exitCode !== null) throw new Error('PostgreSQL ended at its start');
          return isReady();
        });
        return;
      } catch (thrown) {
        /* Processes of the one that was killed are still ending. */
        if (attempt === 20) throw thrown;
        await sleep(250);
      }
    }
  };
  const kill = async (): Promise<void> => {
    process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    await ended(server);
  };
  await start();
  return {
    uri: `postgres://tester@127.0.0.1:${port}/postgres`,
    start,
    kill,
    shake: async (pauseMs) => {
      await kill();
      await sleep(pauseMs);
      await start();
    },
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
