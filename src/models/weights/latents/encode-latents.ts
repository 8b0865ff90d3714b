/** Encodes latents as a safetensors file. Pure. */
import type { LatentsData } from '../../../records/picture.js';
import { LATENTS_TENSOR } from './read-latents.js';

const PREFIX_BYTES = 8;

/** One tensor, `latents`, F32 [1,4,h,w]. */
export const encodeLatents = ({ data, width, height }: LatentsData): Buffer => {
  const entry = { dtype: 'F32', shape: [1, 4, height, width], data_offsets: [0, data.byteLength] };
  const json = JSON.stringify({ [LATENTS_TENSOR]: entry });
  // As the reference implementation, pad with spaces to align the data.
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
};
