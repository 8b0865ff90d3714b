/** Requests to a server, and the addresses that they may have it fetch from. */
import { ok, strictEqual } from 'node:assert';
import { BlockList } from 'node:net';
import fc from 'fast-check';
import { isPublicAddress } from '#src/app/server/access/public-address.js';
import { requestReader } from '#src/app/server/requests/read-request.js';
import { mutationsOf } from './mutations.js';
import { property } from './property.js';
import { orRefused } from './refusals.js';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==';
const row = { image: PIXEL, prompt: 'a cat' };
const bodies = mutationsOf(
  {
    split: () =>
      Buffer.from(
        JSON.stringify({
          input_data: { columns: ['image', 'prompt'], index: [0], data: [[PIXEL, 'a cat']] },
          params: { steps: 2, strength: 0.5 },
        }),
      ),
    records: () =>
      Buffer.from(JSON.stringify({ input_data: [row, { ...row, params: { seed: 1, scheduler: 'euler' } }] })),
    url: () =>
      Buffer.from(JSON.stringify({ input_data: [{ image: 'https://example.com/a.png?key=secret', prompt: 'p' }] })),
  },
  [
    '"columns":',
    '"index":',
    '"data":',
    '"params":',
    '"image":',
    '"steps":',
    '"latents":"x.npy",',
    '"output":"../x",',
    '/etc/passwd',
    'file:///',
    'null',
    '[]',
    '{}',
    '1e999',
    '\\ud800',
    '"__proto__":{},',
  ],
);
const read = requestReader({ rows: { options: {} }, loraFolder: null, limits: { maxRows: 4 } });

/** IANA's registries of special-purpose addresses (RFC 6890), as Node's own list takes them. */
const PRIVATE: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const listed = new BlockList();
for (const [net, bits] of PRIVATE) listed.addSubnet(net, bits);

const bytesOf = (number: number): number[] => [
  number >>> 24,
  (number >>> 16) & 255,
  (number >>> 8) & 255,
  number & 255,
];
const isPrivate = (number: number): boolean =>
  listed.check(bytesOf(number).join('.')) || bytesOf(number).join('.') === '168.63.129.16';
const hex = (number: number, digits = 0): string => number.toString(16).padStart(digits, '0');

/** All the ways in which an address of four bytes is written, or carried by one of sixteen. */
const formsOf = (number: number): string[] => {
  const [a = 0, b = 0, c = 0, d = 0] = bytesOf(number);
  const [high, low] = [hex(((a << 8) | b) >>> 0, 4), hex(((c << 8) | d) >>> 0, 4)];
  const inverted = [hex(0xffff ^ ((a << 8) | b), 4), hex(0xffff ^ ((c << 8) | d), 4)];
  return [
    `${a}.${b}.${c}.${d}`,
    [a, b, c, d].map((byte) => `0${byte.toString(8)}`).join('.'),
    [a, b, c, d].map((byte) => `0x${hex(byte)}`).join('.'),
    `${a}.${b}.${(c << 8) | d}`,
    `${a}.${((b << 16) | (c << 8) | d) >>> 0}`,
    String(number),
    `0x${hex(number)}`,
    `0${number.toString(8)}`,
    `::ffff:${a}.${b}.${c}.${d}`,
    `::ffff:${high}:${low}`,
    `::${high}:${low}`,
    `0:0:0:0:ffff:0:${high}:${low}`,
    `64:ff9b::${high}:${low}`,
    `64:ff9b:1::${high}:${low}`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}::1`,
    `2001:0:808:808:0:0:${inverted[0] ?? ''}:${inverted[1] ?? ''}`,
  ];
};

const inPrivate = fc.constantFrom(...PRIVATE).chain(([net, bits]) =>
  fc.nat(2 ** (32 - bits) - 1).map((host) => {
    const base = net.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
    return base + host;
  }),
);
const address = fc.oneof(inPrivate, fc.constantFrom(0xa83f8110, 0x7f000001, 0xa9fea9fe), fc.nat(0xffff_ffff));

const REFUSALS = [
  'REQUEST_INVALID',
  'REQUEST_TOO_LARGE',
  'ROW_FIELD_INVALID',
  'ROW_FIELD_MISSING',
  'IMAGE_UNDECODABLE',
] as const;

export const properties = [
  property(
    'requests: a damaged body is refused in few words, or gives rows that open no file',
    'request',
    bodies.arbitrary,
    async (one) => {
      const rows = await orRefused(async () => read(await bodies.bytesOf(one), 1), ...REFUSALS);
      for (const { row: of, picture } of rows ?? []) {
        ok(of.source.kind === 'url' || of.source.kind === 'inline', of.source.kind);
        strictEqual(picture === null, of.source.kind === 'url');
        ok(!of.output.includes('/') && !of.output.includes('..'));
      }
    },
    100,
  ),
  property(
    'requests: no form of a private address is fetched from, and a public one is public in each',
    'value',
    address,
    (number) => {
      for (const form of formsOf(number)) {
        const isFetched = isPublicAddress(form);
        if (isPrivate(number)) strictEqual(isFetched, false, form);
        /* What a URL makes of it is what is connected to. */
        const host =
          /^[0-9a-fx.]+$/i.test(form) && URL.canParse(`http://${form}/`) ? new URL(`http://${form}/`).hostname : null;
        if (host !== null && isPrivate(number)) strictEqual(isPublicAddress(host), false, host);
      }
      if (!isPrivate(number)) strictEqual(isPublicAddress(bytesOf(number).join('.')), true);
    },
    100,
  ),
  property(
    'requests: an address of sixteen bytes is fetched from only in the block that is given out',
    'value',
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    (bytes) => {
      const groups = Array.from({ length: 8 }, (_, at) => hex(((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)));
      const text = groups.join(':');
      if (isPublicAddress(text)) ok((bytes[0] ?? 0) >> 5 === 1 || groups[0] === '64' || groups[0] === '0', text);
      strictEqual(isPublicAddress(`${text}%eth0`) && (bytes[0] ?? 0) === 0xfe, false);
    },
  ),
];
