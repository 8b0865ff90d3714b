/** Memory that this process can still allocate. */
import { freemem } from 'node:os';
import nodeProcess from 'node:process';

/** Node 20.13 and later know a container's limit. */
const { availableMemory: containerMemory } = nodeProcess as { availableMemory?: () => number };

/** Free bytes, within a container's limit if there is one. */
export const availableMemory = (): number => Math.min(freemem(), containerMemory?.() ?? Infinity);
