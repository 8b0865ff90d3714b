import type { ScoreFlags } from './score-flags.js';

/** Options of `serve` as the command line gives them, camel-cased; row keys are among them. */
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

/** Seconds of a request. */
export const DEFAULT_DEADLINE_S = '900';
