/** What needs channels in blocks, where ONNX Runtime has that layout for this processor; else its reason stands in the report. */
import { blockSize } from '#src/runtime/block-size.js';

const size = await blockSize();

/** Channels of a block; of a processor without, what nobody uses. */
export const block = size ?? 0;
export const testOfBlocks = size === null ? test.skip : test;
