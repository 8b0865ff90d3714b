/** Model residency: whether both models stay in memory, or one at a time. */
import { availableMemory } from '../../io/system/available-memory.js';

export type Resident = 'one' | 'both' | 'auto';

/**
 * An upper bound of a model's memory over its weights' bytes: float16 weights double in float32, and activations take as much
 * again.
 */
const BYTES_FOR_A_BYTE = 4;

/** Two models of this size fit on any GPU, whose free memory is unknown. */
const SMALL_BYTES = 1e9;

/** @param bytes of both models' weights @param device as the engine names it @param free bytes that the process can take */
export const hasRoomForBoth = (wish: Resident, bytes: number, device: string, free = availableMemory()): boolean => {
  if (wish !== 'auto') return wish === 'both';
  return bytes * BYTES_FOR_A_BYTE < (device === 'cpu' ? free : SMALL_BYTES);
};
