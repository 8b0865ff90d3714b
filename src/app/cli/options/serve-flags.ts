import type { ScoreFlags } from './score-flags.js';

/** Options of `serve` as commander gives them, camel-cased, including row keys. */
export interface ServeFlags extends ScoreFlags {
  host: string;
  port: string;
  queue: string;
  timeout?: string;
  receiveTimeout: string;
  stopTimeout: string;
  bodyLimit: string;
  bodiesLimit: string;
  keyFile?: string;
  /** False after `--no-auth`. */
  auth?: boolean;
  tlsCert?: string;
  tlsKey?: string;
  logJson?: boolean;
}

/** Default of --timeout, in seconds. */
export const DEFAULT_DEADLINE_S = '900';
