/** What errors of a broker mean: gone for a while, or refused. */
import { messageOf, systemCodeOf } from '../../../errors.js';

/** Connections that fail or end (Node's codes), and PostgreSQL's classes for a server that stops, starts or is full. */
const TRANSIENT_CODES =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|08\w{3}|57P0\d|53\d{3}|40\w{3})$/;
const TRANSIENT_TEXTS =
  /connection (?:is closed|ended|terminated|timeout|error)|timeout exceeded|socket closed|stream isn't writeable|\b(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED|MISCONF)\b/i;
/** PostgreSQL: password, role, rights, and a database that does not exist. */
const DENIED_CODES = /^(?:28\w{3}|42501|3D000)$/;
const DENIED_TEXTS = /\b(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH|invalid password|DB index is out of range)\b/i;

/** Node puts the errors of several addresses into one without a message. */
const firstOf = (thrown: unknown): unknown => {
  const { errors } = thrown as { errors?: unknown[] };
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : thrown;
};

export const brokerMessage = (thrown: unknown): string => messageOf(firstOf(thrown)) || String(systemCodeOf(thrown));

export const isTransient = (thrown: unknown): boolean =>
  TRANSIENT_CODES.test(systemCodeOf(firstOf(thrown)) ?? '') || TRANSIENT_TEXTS.test(messageOf(thrown));

export const isDenied = (thrown: unknown): boolean =>
  DENIED_CODES.test(systemCodeOf(thrown) ?? '') || DENIED_TEXTS.test(messageOf(thrown));

/** BullMQ's errors of a job that this process no longer holds, or that is gone. */
export const isLockLost = (thrown: unknown): boolean =>
  /missing lock|lock mismatch|is not in the active state|missing key for job|not locked by/i.test(messageOf(thrown));
