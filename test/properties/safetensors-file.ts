/** Bytes of safetensors files, by nothing of the code under test. */

export interface Described {
  dtype: string;
  shape: readonly number[];
}

const BYTES: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, I64: 8 };
const bytesIn = ({ dtype, shape }: Described): number =>
  shape.reduce((product, dim) => product * dim, BYTES[dtype] ?? 1);

/** As the reference writes it: length, header, data without holes. */
export const fileOf = (
  tensors: readonly (readonly [string, Described])[],
  metadata?: Readonly<Record<string, string>>,
): Buffer => {
  let end = 0;
  const entries = tensors.map(([name, { dtype, shape }]) => {
    const begin = end;
    end += bytesIn({ dtype, shape });
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const header = Buffer.from(
    JSON.stringify({ ...(metadata === undefined ? {} : { __metadata__: metadata }), ...Object.fromEntries(entries) }),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, Buffer.alloc(end)]);
};

/** The length in front becomes that of the header, with as much data behind it as there was. */
export const withHeaderLength = (changed: Buffer, original: Buffer): Buffer => {
  const data = original.length - 8 - Number(original.readBigUInt64LE(0));
  if (changed.length < 8 + data) return changed;
  const mended = Buffer.from(changed);
  mended.writeBigUInt64LE(BigInt(mended.length - 8 - data));
  return mended;
};
