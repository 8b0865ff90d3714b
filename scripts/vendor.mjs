/**
 * Puts the parts that the package carries of others into vendor/: ONNX Runtime's JavaScript and this system's libraries, and ONNX's
 * protobuf messages. Both are pinned by vendor/package-lock.json. As dependencies they would run install scripts, one of which
 * downloads CUDA, and bring 220 MB for other systems: docs/decisions/0011-packaging.md.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { npm, root } from './steps.mjs';

const vendor = join(root, 'vendor');
/* napi-v6 is the only interface that ONNX Runtime 1.30 comes with (its package.json, binary.napi_versions). */
const LIBRARIES = join('bin', 'napi-v6');
const OWN_SYSTEM = `${platform()}/${arch()}`;
/** Of a package's own description; no scripts, no dependencies. */
const KEPT_FIELDS = ['name', 'version', 'description', 'license', 'author', 'repository', 'main', 'types'];

/** @param allSystems of those ONNX Runtime is built for: what is published serves everyone @returns whether all is there */
export const vendorPackages = ({ allSystems = false } = {}) => {
  const { dependencies: versions } = readJson(join(vendor, 'package.json'));
  if (Object.entries(versions).every(([name, version]) => isVendored(name, version)) && hasSystems(allSystems))
    return true;
  console.error('Getting ONNX Runtime …');
  if (!npm(['ci', '--omit=dev'], vendor)) return false;
  const built = systemsIn(join(vendor, 'node_modules', 'onnxruntime-node'));
  const wanted = allSystems ? built : [OWN_SYSTEM];
  if (!built.includes(OWN_SYSTEM)) {
    console.error(`ONNX Runtime is built for ${built.join(', ')}, and not for this system, ${OWN_SYSTEM}.`);
    return false;
  }
  take('onnxruntime-node', ['dist', ...wanted.map((system) => join(LIBRARIES, system))]);
  take('onnx-proto', ['dist', 'LICENSE']);
  rmSync(join(vendor, 'node_modules'), { recursive: true, force: true });
  return true;
};

const take = (name, parts) => {
  const source = join(vendor, 'node_modules', name);
  const made = mkdtempSync(join(vendor, `.${name}-`));
  /* Made for its owner alone, as temporary folders are; who runs the program may be another, as in a container. */
  chmodSync(made, 0o755);
  const described = readJson(join(source, 'package.json'));
  const kept = Object.fromEntries(KEPT_FIELDS.flatMap((key) => (key in described ? [[key, described[key]]] : [])));
  writeFileSync(join(made, 'package.json'), `${JSON.stringify(kept, null, 2)}\n`);
  for (const part of parts) {
    cpSync(join(source, part), join(made, part), { recursive: true, filter: (path) => !path.endsWith('.map') });
  }
  rmSync(join(vendor, name), { recursive: true, force: true });
  renameSync(made, join(vendor, name));
};

const isVendored = (name, version) => {
  const description = join(vendor, name, 'package.json');
  return existsSync(description) && readJson(description).version === version;
};

const hasSystems = (all) => {
  const systems = systemsIn(join(vendor, 'onnxruntime-node'));
  return systems.includes(OWN_SYSTEM) && systems.length > 1 === all;
};

const systemsIn = (folder) =>
  readdirSync(join(folder, LIBRARIES)).flatMap((system) =>
    readdirSync(join(folder, LIBRARIES, system)).map((processor) => `${system}/${processor}`),
  );

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
