/** Which HTTP status an error code means: the one table. */
import type { ErrorCode, RefineError } from '../../../errors.js';

/** A code of a row that is not here is the request's fault, one of a run is ours. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  REQUEST_UNAUTHORIZED: 401,
  ROUTE_NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  REQUEST_TOO_LARGE: 413,
  IMAGE_TOO_LARGE: 413,
  MANIFEST_KEY_UNKNOWN: 400,
  /* Settings no number can hold, such as a guidance of 1e38; damaged weights would fail the run that makes the server ready. */
  INFERENCE_NON_FINITE: 422,
  QUEUE_FULL: 429,
  /* The client has closed the connection; the log has the status that nginx uses for this (499). */
  CANCELLED: 499,
  SESSION_RUN: 500,
  ENGINE_CRASHED: 503,
  CONTENT_SAFETY_UNAVAILABLE: 503,
  CONTENT_SAFETY_SETUP: 503,
  SESSION_CREATE: 503,
  ENGINE_START: 503,
  SERVER_STOPPING: 503,
  SERVER_BUSY: 503,
  DEADLINE_EXCEEDED: 504,
};

export const httpStatus = ({ code, scope }: RefineError): number => STATUSES[code] ?? (scope === 'row' ? 400 : 500);
