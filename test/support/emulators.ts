/**
 * Emulators of object storage, where they are installed. They are no part of this project: `SDXL_REFINE_TEST_STORES` names a Python
 * environment with moto's server and gcp-storage-emulator, and `SDXL_REFINE_TEST_AZURITE` the folder of azurite's npm package.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { loadOpendal } from '#src/io/store/object/opendal.js';

export interface Emulator {
  /** Variables with which the program finds the emulator. */
  env: Record<string, string>;
  /** Address of the emulator. */
  url: string;
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Path of a program in the environment for tests, or in PATH. */
const find = (variable: string, inside: string, name: string): string | null => {
  const own = env[variable];
  const folders = own === undefined ? (env['PATH'] ?? '').split(delimiter) : [join(own, inside)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
};

export const EMULATORS = {
  s3: find('SDXL_REFINE_TEST_STORES', 'bin', 'moto_server'),
  gs: find('SDXL_REFINE_TEST_STORES', 'bin', 'gcp-storage-emulator'),
  az: find('SDXL_REFINE_TEST_AZURITE', 'node_modules/.bin', 'azurite-blob'),
} as const;

/** Why a test of object storage is skipped here; null if it can run. */
export const missingOpendal = await loadOpendal().then(
  () => null,
  () => 'the optional package opendal is not installed',
);

/** Why a test of a cloud is skipped here; null if it can run. */
export const missingEmulator = (cloud: keyof typeof EMULATORS): string | null => {
  if (missingOpendal !== null) return missingOpendal;
  return EMULATORS[cloud] === null ? `the emulator of ${cloud}:// is not installed` : null;
};

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => {
        resolve(port);
      });
    });
  });

const start = async (program: string, args: string[], url: string): Promise<ChildProcess> => {
  const child = spawn(program, args, { stdio: 'ignore' });
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return child;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new Error(`${program} did not answer at ${url} in 30 s`);
};

const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => {
      resolve();
    });
    child.kill('SIGKILL');
  });

const expectOk = async (reply: Response): Promise<void> => {
  if (!reply.ok) throw new Error(`HTTP ${reply.status}: ${await reply.text()}`);
};

export const startMoto = async (): Promise<Emulator> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await start(EMULATORS.s3 ?? '', ['-H', '127.0.0.1', '-p', String(port)], `${url}/moto-api/data.json`);
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
    },
    makeBucket: async (name) => {
      await expectOk(await fetch(`${url}/${name}`, { method: 'PUT' }));
    },
    stop: () => stop(child),
  };
};

export const startGoogle = async (): Promise<Emulator> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await start(EMULATORS.gs ?? '', ['start', '--host=127.0.0.1', `--port=${port}`, '--in-memory'], url);
  return {
    url,
    env: { STORAGE_EMULATOR_HOST: url },
    makeBucket: async (name) => {
      const reply = await fetch(`${url}/storage/v1/b?project=test`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
      await expectOk(reply);
    },
    stop: () => stop(child),
  };
};

const ACCOUNT = 'devstoreaccount1';
/** Published with the emulator; not a secret. */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export const startAzurite = async (): Promise<Emulator> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await start(
    EMULATORS.az ?? '',
    ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--inMemoryPersistence', '--silent', '--disableTelemetry'],
    url,
  );
  const endpoint = `${url}/${ACCOUNT}`;
  return {
    url,
    env: {
      AZURE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint};`,
    },
    makeBucket: async (name) => {
      const date = new Date().toUTCString();
      const version = '2021-08-06';
      const text = `PUT${'\n'.repeat(12)}x-ms-date:${date}\nx-ms-version:${version}\n/${ACCOUNT}/${ACCOUNT}/${name}\nrestype:container`;
      const signature = createHmac('sha256', Buffer.from(KEY, 'base64')).update(text).digest('base64');
      const reply = await fetch(`${endpoint}/${name}?restype=container`, {
        method: 'PUT',
        headers: { 'x-ms-date': date, 'x-ms-version': version, authorization: `SharedKey ${ACCOUNT}:${signature}` },
      });
      await expectOk(reply);
    },
    stop: () => stop(child),
  };
};
