/** HTTP statuses of error codes. */
import type { ErrorCode, RefineError } from '../../../errors.js';

/** Other codes of rows are errors of the request (400), other codes of runs are errors of the server (500). */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_UNAUTHORIZED: 401,
  ROUTE_NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  REQUEST_TOO_LARGE: 413,
  IMAGE_TOO_LARGE: 413,
  MANIFEST_KEY_UNKNOWN: 400,
  /* Caused by settings, such as a guidance scale of 1e38: damaged weights would already fail the warm-up run. */
  INFERENCE_NON_FINITE: 422,
  QUEUE_FULL: 429,
  /* For the log only, since the client has closed the connection: nginx's status for this. */
  CANCELLED: 499,
  SESSION_RUN: 500,
  ENGINE_CRASHED: 503,
  ENGINE_STALLED: 503,
  CONTENT_SAFETY_UNAVAILABLE: 503,
  CONTENT_SAFETY_SETUP: 503,
  SESSION_CREATE: 503,
  ENGINE_START: 503,
  SERVER_STOPPING: 503,
  SERVER_BUSY: 503,
  DEADLINE_EXCEEDED: 504,
};

export const httpStatus = ({ code, scope }: RefineError): number => STATUSES[code] ?? (scope === 'row' ? 400 : 500);

/** Failures of the server whose messages say nothing about its machine. */
const TOLD: readonly ErrorCode[] = [
  'ENGINE_CRASHED',
  'ENGINE_STALLED',
  'SERVER_STOPPING',
  'SERVER_BUSY',
  'DEADLINE_EXCEEDED',
];

/** Messages of other failures of the server may contain paths, hosts and texts of libraries: clients must not read them. */
export const isForClients = (error: RefineError): boolean => httpStatus(error) < 500 || TOLD.includes(error.code);
