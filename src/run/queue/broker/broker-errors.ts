/** What errors of a broker mean: gone for a while, or refused. */
import { isRefineError, messageOf, RefineError, systemCodeOf } from '../../../errors.js';

/** Connections that fail or end (Node's codes), and PostgreSQL's classes for a server that stops, starts or is full. */
const TRANSIENT_CODES =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|08\w{3}|57P0\d|53\d{3}|40\w{3})$/;
const TRANSIENT_TEXTS =
  /connection (?:is closed|ended|terminated|timeout|error)|timeout exceeded|socket closed|stream isn't writeable|\b(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED|MISCONF|OOM)\b/i;
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

/** QUEUE_UNREACHABLE after `patienceMs` without an answer, or without one that goes on. */
export const brokerGone = (
  shown: string,
  reason: unknown,
  { patienceMs, wasReached }: { patienceMs: number; wasReached: boolean },
): RefineError => {
  const seconds = Math.round(patienceMs / 1000);
  const [what, remedy] = wasReached ? goneLater(seconds, reason) : [`did not answer within ${seconds} s`, CHECK_PLACE];
  return new RefineError(
    'QUEUE_UNREACHABLE',
    `Expected a queue at ${shown}, but it ${what}: ${brokerMessage(reason)}. ${remedy}.`,
    { context: { queue: shown }, cause: reason },
  );
};

const CHECK_PLACE = 'Check that it runs, its host and its port';

const goneLater = (seconds: number, reason: unknown): [what: string, remedy: string] =>
  /\bOOM\b/.test(messageOf(reason))
    ? [
        `had no memory for more within ${seconds} s`,
        'Raise its maxmemory, or let workers finish what waits, then run this command again: it goes on where it stood',
      ]
    : [
        `did not come back within ${seconds} s`,
        'Start it again, then run this command again: it goes on where it stood',
      ];

export const brokerDenied = (shown: string, cause: unknown): RefineError =>
  new RefineError(
    'QUEUE_DENIED',
    `Expected access to the queue at ${shown}, but it refused: ${brokerMessage(cause).replace(/\.$/, '')}. Check the user, the password and the database of --queue.`,
    { context: { queue: shown }, cause },
  );

/** An answer that is neither a loss of the connection nor a refusal, as of a version that BullMQ does not know. A bug stays one. */
export const foreignAnswer = (shown: string, cause: unknown): Error =>
  isRefineError(cause) || BUGS.some((kind) => cause instanceof kind)
    ? (cause as Error)
    : new RefineError(
        'QUEUE_UNREACHABLE',
        `Expected a queue at ${shown} that answers as BullMQ knows it, but it said: ${brokerMessage(cause).replace(/\.$/, '')}. Check its version (docs/queue.md), and that no other program writes to this queue.`,
        { context: { queue: shown }, cause },
      );

const BUGS = [TypeError, RangeError, ReferenceError];
