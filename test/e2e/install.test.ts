/** A clone becomes a package, the package an installation, and that refines a picture, on every Node it is meant for. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/golden.js';
import { copyCheckout, nodeOfVersion, runAsUser, type Finished } from '../support/package.js';
import { temporaryFolder } from '../support/run-cli.js';
import { skipWhere } from '../support/skip-where.js';

const MINUTES = 60_000;
/* Linux x64: versions of Node come from packages for it. */
const isTested = process.platform === 'linux' && process.arch === 'x64';
const hasRegistry = isTested && spawnSync('npm', ['ping', '--fetch-retries=0'], { timeout: 20_000 }).status === 0;
const { describe: describeWithRegistry } = skipWhere(
  hasRegistry ? null : isTested ? "npm's registry does not answer" : 'installing is tested on Linux x64',
);

describeWithRegistry('the package', () => {
  const clone = join(temporaryFolder(), 'clone');
  const prefix = join(temporaryFolder(), 'prefix');
  const elsewhere = temporaryFolder();
  const installed = join(prefix, 'lib/node_modules/sdxl-refine');
  const command = join(prefix, 'bin/sdxl-refine');
  let packed: Finished;
  let tarball: string;
  let install: Finished;

  beforeAll(() => {
    copyCheckout(clone);
    packed = runAsUser('npm', ['pack'], clone);
    /* npm announces each hook on stdout; the file's name is the last line. */
    tarball = join(clone, packed.stdout.trim().split('\n').at(-1) ?? '');
    install = runAsUser('npm', ['install', '--global', '--prefix', prefix, tarball], clone);
    copyFileSync(join(root, 'fixtures/demo/butter-noise.png'), join(elsewhere, 'butter.png'));
  }, 10 * MINUTES);

  it('is packed, and the checkout stays as it was', () => {
    expect([packed.code, existsSync(tarball)]).toEqual([0, true]);
    expect(readFileSync(join(clone, 'package.json'), 'utf8')).toBe(readFileSync(join(root, 'package.json'), 'utf8'));
  });

  it('is installed without options, and npm warns of nothing', () => {
    expect(install).toMatchObject({ code: 0, stderr: '' });
  });

  it('runs no script at installation', () => {
    const packages = [installed, ...readdirSync(join(installed, 'node_modules')).flatMap(packagesIn)];
    expect(packages.length).toBeGreaterThan(50);
    const withScript = packages.filter((folder) => {
      const { scripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        scripts?: Record<string, string>;
      };
      return ['preinstall', 'install', 'postinstall'].some((name) => name in scripts);
    });
    expect(withScript).toEqual([]);
    expect(readFileSync(join(installed, 'package.json'), 'utf8')).not.toContain('"prepare"');
  });

  const packagesIn = (name: string): string[] => {
    const folder = join(installed, 'node_modules', name);
    const names = name.startsWith('@') ? readdirSync(folder).map((inner) => join(folder, inner)) : [folder];
    return names.filter((path) => existsSync(join(path, 'package.json')));
  };

  it('has libraries for this system alone', () => {
    const libraries = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      .filter((path) => /[.](node|dll|dylib|so)([.\d]*)$/.test(path))
      .map((path) => path.replace(/^.*(vendor|@img)\//, ''));
    expect(libraries.length).toBeGreaterThan(2);
    for (const library of libraries) expect(library).toMatch(/linux.?x64/);
  });

  it.each(['20.9.0', '22.23.3', '24.21.0'])(
    'refines a picture on Node %s',
    (version) => {
      const node = nodeOfVersion(version, join(elsewhere, version));
      expect(node).not.toBeNull();
      const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
      expect(runAsUser(node!, [command, '--version'], elsewhere)).toEqual({
        code: 0,
        stdout: `${own.version}\n`,
        stderr: '',
      });
      const options = ['batch', 'butter.png', '--prompt', 'butter', '--output-dir', `refined-${version}`, '--quiet'];
      const run = runAsUser(node!, [command, ...options, '--strength', '0.02'], elsewhere);
      expect(run).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(existsSync(join(elsewhere, `refined-${version}/butter.png`))).toBe(true);
    },
    2 * MINUTES,
  );

  it(
    'runs by npx',
    () => {
      const run = runAsUser('npx', ['--yes', `--package=${tarball}`, 'sdxl-refine', '--version'], elsewhere);
      expect(run).toMatchObject({ code: 0, stderr: '' });
    },
    2 * MINUTES,
  );
});
