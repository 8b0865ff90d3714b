/** Tests of channels in blocks: skipped where ONNX Runtime has no such layout for this processor. */
import { blockSize } from '#src/runtime/block-size.js';

const size = await blockSize();

/** Channels of a block; of a processor without, what nobody uses. */
export const block = size ?? 0;
export const testOfBlocks = size === null ? test.skip : test;
