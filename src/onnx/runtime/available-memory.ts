/** What memory there is to take. */
import { freemem } from 'node:os';
import nodeProcess from 'node:process';

/** Node 20.13 and later know what a container may take. */
const { availableMemory: containerMemory } = nodeProcess as { availableMemory?: () => number };

/** Bytes that can be taken without swapping, within a container's limit where there is one. */
export const availableMemory = (): number => Math.min(freemem(), containerMemory?.() ?? Infinity);
