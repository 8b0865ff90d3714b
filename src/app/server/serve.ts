/** Starts the server, and stops it in order. */
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
  /** --no-auth: a proxy authenticates clients, so a host beyond this machine needs no key. */
  isGuardedElsewhere: boolean;
  /** Time for accepted requests to finish after a stop. */
  stopMs: number;
  /** Aborts to stop the server. */
  signal: AbortSignal;
}

/** Time for clients to read their responses after the stop. */
const CLOSE_MS = 2000;

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
 * @throws LISTEN_FAILED, and the errors of opening the model: a server that cannot become ready ends
 */
export const serve = async (options: ServeOptions): Promise<void> => {
  const { service, host, port, log, signal, stopMs, note } = options;
  const stopped = new AbortController();
  /* One listener for each request is not a leak. */
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
    logUrls(options, (app.server.address() as AddressInfo).port);
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
    /* Does not wait for clients that neither read nor close. */
    await Promise.race([app.close(), sleep(CLOSE_MS, undefined, { ref: false })]);
    app.server.closeAllConnections();
    service.close();
  }
};

const logUrls = ({ host, key, tls, log }: ServeOptions, port: number): void => {
  const urls = listenUrls({ host, port, isTls: tls !== null }, networkInterfaces());
  for (const url of urls) log.say(`Listening on ${url}`);
  if (key === null && !isLoopback(host)) {
    log.say(
      `Warning: --host ${host} with --no-auth exposes the server without authentication: anyone who reaches it may use it.`,
    );
  }
  log.say(`Open ${urls[0] ?? ''}/ in a browser, or send requests to ${urls[0] ?? ''}/score`);
};
