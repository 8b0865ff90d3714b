/** From options to a server that listens, and from a stop signal to its orderly end. */
import { setMaxListeners } from 'node:events';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { RefineError } from '../../errors.js';
import { isLoopback } from './access/access.js';
import { createApp, type AppOptions } from './app.js';
import { listenError, listenUrls } from './access/listen-addresses.js';

export interface ServeOptions extends Omit<AppOptions, 'stopped' | 'isStopping'> {
  port: number;
  /** A host beyond this machine needs a key, unless --no-auth says that a proxy authenticates clients. */
  isGuardedElsewhere: boolean;
  /** What still runs may take this long to end after a stop. */
  stopMs: number;
  /** Aborts to stop the server. */
  signal: AbortSignal;
}

/** What answers that are on their way get, to arrive. */
const FAREWELL_MS = 2000;

/** @throws USAGE_CONFLICT */
export const refuseWithoutAuthentication = ({
  host,
  key,
  isGuardedElsewhere,
}: Pick<ServeOptions, 'host' | 'key' | 'isGuardedElsewhere'>): void => {
  if (key !== null || isLoopback(host) || isGuardedElsewhere) return;
  throw new RefineError(
    'USAGE_CONFLICT',
    `--host ${host} exposes the server without authentication. Give a key (--key-file, or SDXL_REFINE_KEY), listen on 127.0.0.1, ` +
      'or give --no-auth where a proxy in front of this server authenticates clients.',
  );
};

/**
 * Serves until `signal` aborts, then finishes what it has accepted, for at most `stopMs`.
 * @throws LISTEN_FAILED, and what opening the model throws: a server that could never become ready ends
 */
export const serve = async (options: ServeOptions): Promise<void> => {
  const { service, host, port, log, signal, stopMs, note } = options;
  const stopped = new AbortController();
  /* One for each request that is here: no leak. */
  setMaxListeners(0, stopped.signal);
  const app = await createApp({ ...options, stopped: stopped.signal, isStopping: () => signal.aborted });
  const stopping = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  try {
    await app.listen({ host, port }).catch((cause: unknown) => {
      throw listenError({ host, port }, cause);
    });
    sayWhere(options, (app.server.address() as AddressInfo).port);
    const warming = service.warmUp().then(() => {
      const { model, device, warnings = [] } = service.info();
      if (note !== null) {
        log.say(`Note: ${note.text}`);
        note.steps.forEach(log.say);
      }
      for (const warning of warnings) log.say(`Note: ${warning}`);
      log.say(`Ready: ${model} on ${device}`);
    });
    warming.catch(() => undefined);
    await Promise.race([stopping, warming.then(() => stopping)]);
    if (service.queue.places > 0) log.say('Stopping; accepted requests finish first.');
    await Promise.race([service.queue.idle(), sleep(stopMs, undefined, { ref: false })]);
  } finally {
    stopped.abort(new RefineError('SERVER_STOPPING', 'The server is stopping. Try again later.'));
    /* A client that neither reads nor goes away holds nothing up. */
    await Promise.race([app.close(), sleep(FAREWELL_MS, undefined, { ref: false })]);
    app.server.closeAllConnections();
    service.close();
  }
};

const sayWhere = ({ host, key, tls, log }: ServeOptions, port: number): void => {
  const urls = listenUrls({ host, port, isTls: tls !== null }, networkInterfaces());
  for (const url of urls) log.say(`Listening on ${url}`);
  if (key === null && !isLoopback(host)) {
    log.say(
      `Warning: --host ${host} with --no-auth exposes the server without authentication: anyone who reaches it may use it.`,
    );
  }
  log.say(`Open ${urls[0] ?? ''}/ in a browser, or send requests to ${urls[0] ?? ''}/score`);
};
