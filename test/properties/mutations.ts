/** Real files with some changes, as accidents and attackers make them: what is not damaged still leads a parser on. */
import fc, { type Arbitrary } from 'fast-check';

/** Where in the bytes, as a share of them: a change means the same after those before it. */
const place = fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true });

/** Numbers that lengths, offsets and counts go wrong with. */
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff8),
  fc.nat(0xffff),
  fc.nat(0xffff_ffff),
);

const changeOf = (splices: readonly string[]) =>
  fc.oneof(
    fc.record({ do: fc.constant('set'), at: place, byte: fc.nat(255) }),
    fc.record({ do: fc.constant('flip'), at: place, bit: fc.nat(7) }),
    fc.record({ do: fc.constant('put'), at: place, text: fc.constantFrom(...splices), times: fc.nat(3) }),
    fc.record({ do: fc.constant('fill'), at: place, text: fc.constantFrom(...splices), times: fc.nat(3000) }),
    fc.record({ do: fc.constant('cut'), at: place, length: fc.nat(80) }),
    fc.record({ do: fc.constant('double'), at: place, length: fc.nat(200) }),
    fc.record({ do: fc.constant('number'), at: place, number, bytes: fc.constantFrom(1, 2, 4, 8), big: fc.boolean() }),
    fc.record({ do: fc.constant('end'), at: place }),
  );

type Change = ReturnType<typeof changeOf> extends Arbitrary<infer One> ? One : never;

const applied = (bytes: Buffer, change: Change): Buffer => {
  const at = Math.min(bytes.length, Math.floor(change.at * (bytes.length + 1)));
  const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
  if ('byte' in change)
    return at < bytes.length ? join(bytes.subarray(0, at), Uint8Array.of(change.byte), bytes.subarray(at + 1)) : bytes;
  if ('bit' in change) {
    if (at === bytes.length) return bytes;
    return join(bytes.subarray(0, at), Uint8Array.of((bytes[at] ?? 0) ^ (1 << change.bit)), bytes.subarray(at + 1));
  }
  if ('text' in change)
    return join(bytes.subarray(0, at), Buffer.from(change.text.repeat(change.times), 'latin1'), bytes.subarray(at));
  if ('length' in change) {
    const to = Math.min(bytes.length, at + change.length);
    return change.do === 'cut'
      ? join(bytes.subarray(0, at), bytes.subarray(to))
      : join(bytes.subarray(0, to), bytes.subarray(at));
  }
  if ('number' in change) {
    if (at + change.bytes > bytes.length) return bytes;
    const changed = Buffer.from(bytes);
    let rest = BigInt(change.number);
    for (let i = 0; i < change.bytes; i++, rest >>= 8n) {
      changed[change.big ? at + change.bytes - 1 - i : at + i] = Number(rest & 0xffn);
    }
    return changed;
  }
  return bytes.subarray(0, at);
};

export interface Mutation {
  /** Of the file that it is made from. */
  file: string;
  changes: readonly Change[];
  /** Lengths and checksums fit what was changed: else little is read beyond them. */
  isMended: boolean;
}

/** Files by what they are; made when they are first needed. */
export type Originals = Readonly<Record<string, () => Buffer | Promise<Buffer>>>;

export interface Mutations {
  arbitrary: Arbitrary<Mutation>;
  bytesOf: (mutation: Mutation) => Promise<Buffer>;
}

/** What breaks into most formats: brackets, quotes, ends, zeros. */
const SPLICES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ',',
  ':',
  '(',
  ')',
  '\\',
  '\0',
  '\n',
  '\r\n',
  '\xff',
  '\xef\xbb\xbf',
  '-',
  '1e999',
  '%',
  '&#',
];

/** @param splices of the format @param mend makes lengths and checksums of a changed file fit */
export const mutationsOf = (
  originals: Originals,
  splices: readonly string[] = [],
  mend: (changed: Buffer, original: Buffer) => Buffer = (changed) => changed,
): Mutations => {
  const made = new Map<string, Promise<Buffer>>();
  const original = (file: string): Promise<Buffer> => {
    const known = made.get(file) ?? Promise.resolve(originals[file]?.() ?? Buffer.alloc(0));
    made.set(file, known);
    return known;
  };
  return {
    arbitrary: fc.record({
      file: fc.constantFrom(...Object.keys(originals)),
      changes: fc.array(changeOf([...SPLICES, ...splices, ...splices]), { maxLength: 6 }),
      isMended: fc.boolean(),
    }),
    bytesOf: async ({ file, changes, isMended }) => {
      const sound = await original(file);
      const changed = changes.reduce(applied, sound);
      return isMended ? mend(changed, sound) : changed;
    },
  };
};
