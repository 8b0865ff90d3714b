/** Whether two models may be in memory at a time. */
import { freemem } from 'node:os';

export type Resident = 'one' | 'both' | 'auto';

/**
 * Memory that a model takes for each byte of its weights, as a bound: stored in float16 and computed in float32, they
 * double; the other half is for activations.
 */
const BYTES_FOR_A_BYTE = 4;

/** A device's own memory is not asked: two models of this size have room on any. */
const SMALL_BYTES = 1e9;

/** @param bytes of both models' weights @param device as the engine names it @param free bytes of memory that are free */
export const hasRoomForBoth = (wish: Resident, bytes: number, device: string, free = freemem()): boolean => {
  if (wish !== 'auto') return wish === 'both';
  return bytes * BYTES_FOR_A_BYTE < (device === 'cpu' ? free : SMALL_BYTES);
};
