/** The Dockerfiles, read: no engine is at hand to build them. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/golden.js';

interface LockedPackage {
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optional?: boolean;
}
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const names = readdirSync(join(root, 'docker')).filter((name) => !name.endsWith('.dockerignore'));

/** Instructions with their arguments, comments and line ends left out. */
const instructionsOf = (name: string): [string, string][] =>
  read(`docker/${name}`)
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);

/** What npm installs in an image: Linux, x64 or arm64, glibc. */
const licensesInImage = (): string[] => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
  const installed = Object.values(packages).filter(
    ({ dev, devOptional, os, cpu, libc, optional }) =>
      dev !== true &&
      devOptional !== true &&
      (optional !== true || (os?.includes('linux') === true && /x64|arm64/.test(String(cpu)) && libc?.[0] === 'glibc')),
  );
  return [...new Set(installed.flatMap(({ license = 'none' }) => license.split(' AND ')))].sort();
};

it('there are two', () => {
  expect(names.sort()).toEqual(['Dockerfile', 'Dockerfile.cuda']);
});

describe.each(names)('%s', (name) => {
  const instructions = instructionsOf(name);
  const of = (kind: string) => instructions.filter(([one]) => one === kind).map(([, text]) => text);
  const last = instructions.slice(instructions.map(([kind]) => kind).lastIndexOf('FROM'));

  it('every base is a digest, or an argument that one can be given for', () => {
    const outer = instructions.slice(
      0,
      instructions.findIndex(([kind]) => kind === 'FROM'),
    );
    expect(outer.filter(([kind]) => kind !== 'ARG')).toEqual([]);
    const defaults = new Map(outer.map(([, text]) => text.split('=') as [string, string]));
    expect(of('FROM').length).toBe(2);
    for (const from of of('FROM')) {
      const image = from.split(' ')[0]!;
      if (/@sha256:[0-9a-f]{64}$/.test(image)) continue;
      const argument = /^\$\{(\w+)\}$/.exec(image)?.[1] ?? '';
      /* The default names a version at least. */
      expect([image, defaults.get(argument)]).toEqual([image, expect.stringMatching(/^[\w./-]+:\d[\w.-]+$/)]);
      expect(read(`docker/${name}`)).toContain(`--build-arg NODE_IMAGE=node@sha256:`);
    }
    for (const argument of defaults.keys()) expect(read('docs/ci.md')).toContain(argument);
  });

  it('runs as a user that is not root, by number, and nothing is put in after', () => {
    const user = last.findIndex(([kind]) => kind === 'USER');
    expect(last[user]?.[1]).toMatch(/^[1-9]\d*$/);
    expect(last.slice(user + 1).map(([kind]) => kind)).toEqual(['WORKDIR', 'ENTRYPOINT', 'CMD']);
  });

  it('holds no secret, and gets nothing that no digest or lock file names, but for what it says', () => {
    expect(read(`docker/${name}`)).not.toMatch(/token|secret|password|_KEY\b|npmrc/i);
    for (const text of of('RUN')) expect(text).not.toMatch(/npm (?:i|install|x|exec)\b|npx |curl|wget|apt/);
    expect(of('ADD')).toEqual([]);
  });

  it('is given what it copies, and nothing else of the checkout', () => {
    const [first, ...allowed] = read(`docker/${name}.dockerignore`).trim().split('\n');
    expect(first).toBe('*');
    const copied = of('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1));
    expect(allowed.map((line) => line.slice(1)).sort()).toEqual(copied.sort());
    for (const file of copied.filter((one) => !one.startsWith('build/')))
      expect(existsSync(join(root, file))).toBe(true);
  });

  it("says under which licences all of it is, libvips' LGPL among them", () => {
    const licenses = licensesInImage();
    expect(licenses).toContain('LGPL-3.0-or-later');
    expect(last.filter(([kind]) => kind === 'LABEL').map(([, text]) => text)).toEqual([
      `org.opencontainers.image.licenses="${licenses.join(' AND ')}"`,
    ]);
  });
});
