/** Model residency: whether both models stay in memory, or one at a time. */
import { availableMemory } from '../../io/system/available-memory.js';

export type Residency = 'one' | 'both' | 'auto';

/**
 * Upper bound of a model's memory, as a multiple of its weights' bytes: float16 weights double in float32, and activations take as much
 * again.
 */
const MEMORY_PER_WEIGHT_BYTE = 4;

/** Two models of this size fit on any GPU, whose free memory is unknown. */
const SMALL_BYTES = 1e9;

/** @param bytes of both models' weights @param device as the engine names it @param free bytes that the process can allocate */
export const hasRoomForBoth = (
  residency: Residency,
  bytes: number,
  device: string,
  free = availableMemory(),
): boolean => {
  if (residency !== 'auto') return residency === 'both';
  return bytes * MEMORY_PER_WEIGHT_BYTE < (device === 'cpu' ? free : SMALL_BYTES);
};
