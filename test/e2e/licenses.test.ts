/** THIRD-PARTY-LICENSES.md and the script that writes it, on copies of the lock file with something wrong in them. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/golden.js';
import { temporaryFolder } from '../support/run-cli.js';

interface Locked {
  version: string;
  license: string;
  dev?: boolean;
}
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const page = read('THIRD-PARTY-LICENSES.md');
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const shipped = Object.entries(lock.packages).filter(([folder, { dev }]) => folder !== '' && dev !== true);

/** What the script says of a checkout whose lock file is changed so. */
const checkWith = (change: (packages: Record<string, Locked>) => void, prepare?: (folder: string) => void) => {
  const folder = temporaryFolder();
  for (const name of ['scripts', 'vendor/package.json', 'THIRD-PARTY-LICENSES.md'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of readdirSync(join(root, 'vendor')).filter((one) => one.endsWith('-notices')))
    cpSync(join(root, 'vendor', name), join(folder, 'vendor', name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const changed = structuredClone(lock);
  change(changed.packages);
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(changed));
  prepare?.(folder);
  const { status, stderr } = spawnSync(process.execPath, ['scripts/make-licenses.mjs', '--check'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stderr };
};

it('names every package of the lock file that is no tool, with version and licence', () => {
  expect(shipped.length).toBeGreaterThan(100);
  const headings = [...page.matchAll(/^### (.*)$/gm)].flatMap(([, names]) => names!.split(', '));
  for (const [folder, { version, license }] of shipped) {
    const name = folder.replace(/.*node_modules\//, '');
    expect(page).toContain(
      `| [${name}](https://www.npmjs.com/package/${name}/v/${version}) | ${version} | ${license} |`,
    );
    const words = headings.filter((one) => one === `${name} ${version}`);
    expect([name, words.length]).toEqual([name, name.includes('libvips') ? 0 : 1]);
  }
});

it("has libvips' licence, its libraries with versions, and Microsoft's notices beside ONNX Runtime", () => {
  expect(page).toContain('GNU LESSER GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007');
  expect(page).toContain('GNU GENERAL PUBLIC LICENSE\n                       Version 3, 29 June 2007');
  expect(page).toMatch(/^\| libvips \| \d+\.\d+\.\d+ \| LGPLv3 \|$/m);
  expect(page.match(/^\| \w[\w-]* \| part of libvips \|/gm)).toEqual(['| libnsgif | part of libvips |']);
  const { dependencies } = JSON.parse(read('vendor/package.json')) as { dependencies: Record<string, string> };
  const notices = `vendor/onnxruntime-${dependencies['onnxruntime-node']}-notices`;
  expect(page).toContain(`${notices}/`);
  expect(read(`${notices}/ThirdPartyNotices.txt`)).toContain('Eigen');
});

it('travels with the package, and so do the notices', () => {
  const pack = spawnSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: root, encoding: 'utf8' });
  const [packed] = JSON.parse(pack.stdout) as [{ files: { path: string }[] }];
  const paths = packed.files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'SECURITY.md',
      'THIRD-PARTY-LICENSES.md',
      'models/NOTICE',
      'vendor/onnx-proto/LICENSE',
      expect.stringMatching(/^vendor\/onnxruntime-[\d.]+-notices\/LICENSE$/),
      expect.stringMatching(/^vendor\/onnxruntime-[\d.]+-notices\/ThirdPartyNotices\.txt$/),
    ]),
  );
  expect(paths.filter((path) => /^(?:test|bench|training|docs|scripts|\.)/.test(path))).toEqual([]);
});

describe('the check', () => {
  const anyPackage = 'node_modules/commander';

  it('passes as things are', () => {
    expect(checkWith(() => undefined)).toEqual({ status: 0, stderr: '' });
  });

  it.each(['GPL-3.0-only', 'LGPL-3.0-or-later', 'MIT AND CC-BY-NC-4.0', 'MIT OR GPL-2.0-only', 'SEE LICENSE IN x', ''])(
    'refuses "%s"',
    (license) => {
      const { status, stderr } = checkWith((packages) => {
        packages['node_modules/new'] = { version: '1.0.0', license };
        packages['node_modules/another'] = { version: '1.0.0', license: 'MIT', dev: true };
      });
      expect(stderr).toMatch(/^new 1\.0\.0: expected a licence of the allow list \(0BSD, .*, MIT\), found .*\n$/);
      expect(status).toBe(1);
    },
  );

  it("says where the lock file's licence is not the package's", () => {
    const { status, stderr } = checkWith((packages) => {
      packages[anyPackage] = { ...packages[anyPackage]!, license: 'ISC' };
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^commander \S+: package-lock\.json has ISC, the package itself MIT$/m);
  });

  it('fails where a package is of another version, and where ONNX Runtime is', () => {
    const another = checkWith((packages) => {
      packages[anyPackage] = { ...packages[anyPackage]!, version: '99.0.0' };
    });
    expect(another).toEqual({
      status: 1,
      stderr: 'THIRD-PARTY-LICENSES.md is not what the source says: run node scripts/make-licenses.mjs\n',
    });
    const engine = checkWith(
      () => undefined,
      (folder) => {
        const [name = ''] = readdirSync(join(folder, 'vendor')).filter((one) => one.endsWith('-notices'));
        mkdirSync(join(folder, 'elsewhere'));
        renameSync(join(folder, 'vendor', name), join(folder, 'elsewhere/notices'));
      },
    );
    expect(engine.status).toBe(1);
    expect(engine.stderr).toMatch(/Expected vendor\/onnxruntime-[\d.]+-notices\/LICENSE/);
  });
});
