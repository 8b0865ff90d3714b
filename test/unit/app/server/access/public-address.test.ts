/** Addresses are judged here and never connected to. */
import { isPublicAddress } from '#src/app/server/access/public-address.js';

/** The same address in every form that stands for it: as text that resolvers take, and within IPv6. */
const formsOf = (a: number, b: number, c: number, d: number): string[] => {
  const bytes = [a, b, c, d];
  const [high, low] = [a * 256 + b, c * 256 + d].map((part) => part.toString(16)) as [string, string];
  const [notHigh, notLow] = [a * 256 + b, c * 256 + d].map((part) => (part ^ 0xffff).toString(16));
  return [
    bytes.join('.'),
    bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    bytes.map((byte) => `000${byte.toString(8).padStart(3, '0')}`).join('.'),
    bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
    `${a}.0${b.toString(8)}.${c * 256 + d}`,
    String(((a * 256 + b) * 256 + c) * 256 + d),
    `::${high}:${low}`,
    `::${bytes.join('.')}`,
    `::ffff:${high}:${low}`,
    `::ffff:${bytes.join('.')}`,
    `::ffff:0:${high}:${low}`,
    `64:ff9b::${high}:${low}`,
    `64:ff9b::${bytes.join('.')}`,
    `64:ff9b:1::${high}:${low}`,
    `64:ff9b:1:${high}:${c.toString(16)}:${(d * 256).toString(16)}::`,
    `2002:${high}:${low}::1`,
    `2001:0:${high}:${low}:8000:0:f7f7:f7f7`,
    `2001:0:808:808:8000:63bf:${notHigh}:${notLow}`,
  ];
};

describe.each([
  [127, 0, 0, 1],
  [127, 255, 255, 254],
  [10, 0, 0, 1],
  [10, 1, 2, 3],
  [172, 16, 0, 1],
  [172, 31, 255, 254],
  [192, 168, 1, 1],
  [169, 254, 169, 254],
  [100, 64, 0, 1],
  [100, 100, 100, 200],
  [168, 63, 129, 16],
  [192, 0, 0, 192],
  [192, 0, 2, 1],
  [198, 18, 0, 1],
  [224, 0, 0, 1],
  [240, 0, 0, 1],
  [255, 255, 255, 255],
])('%i.%i.%i.%i is not public', (...bytes) => {
  it.each(formsOf(...bytes))('as %s', (form) => {
    expect(isPublicAddress(form)).toBe(false);
  });
});

describe.each([
  [8, 8, 8, 8],
  [93, 184, 215, 14],
  [172, 32, 0, 1],
  [11, 0, 0, 1],
  [1, 1, 1, 1],
])('%i.%i.%i.%i is public', (...bytes) => {
  it.each(formsOf(...bytes))('as %s', (form) => {
    expect(isPublicAddress(form)).toBe(true);
  });
});

it.each([
  /* A leading zero makes a part octal, for resolvers as for URLs. */
  ['010.0.0.1', true],
  ['012.0.0.1', false],
  ['0177.0.0.1', false],
  ['0251.0376.0251.0376', false],
  ['08.0.0.1', false],
  /* Every way to read it counts, not the one that looks public. */
  ['64:ff9b:1:7f00:0:100:808:808', false],
  ['64:ff9b:1:a:0:1:808:808', false],
  ['64:ff9b:1::', false],
  ['2001:0:a00:1:8000:63bf:f7f7:f7f7', false],
  ['::', false],
  ['::1', false],
  ['::ffff:0:0', false],
  ['fd00:ec2::254', false],
  ['fe80::1%eth0', false],
  ['ff02::1', false],
  ['2001:db8::1', false],
  ['3fff::1', false],
  ['4000::1', false],
  ['2606:4700::1111', true],
  ['2a00:1450:4001:81b::200e', true],
  ['example.com', false],
  ['', false],
  ['127.0.0.1:80', false],
  [' 8.8.8.8', false],
])('%j: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic);
});
