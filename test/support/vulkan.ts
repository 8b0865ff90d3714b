/** An adapter for WebGPU: the machine's own Vulkan driver, or the one in software (SwiftShader) that Chromium comes with. */
import { existsSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { env } from 'node:process';

const BROWSERS = [
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
  dirname(env['CHROMIUM'] ?? '/'),
];
const DRIVERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const LOADER = 'libvulkan.so.1';

/** Variables with which a process finds an adapter, or why none is here. */
export const vulkanEnvironment = (): { env: NodeJS.ProcessEnv } | { missing: string } => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: 'SwiftShader is looked for on Linux x64 only' };
  const browser = BROWSERS.find((folder) => existsSync(join(folder, 'vk_swiftshader_icd.json')));
  if (browser !== undefined) {
    /* The folder alone would give a process all of the browser's libraries. */
    const folder = mkdtempSync(join(tmpdir(), 'sdxl-refine-vulkan-'));
    symlinkSync(join(browser, LOADER), join(folder, LOADER));
    const icd = join(browser, 'vk_swiftshader_icd.json');
    return { env: { ...env, LD_LIBRARY_PATH: `${folder}:${env['LD_LIBRARY_PATH'] ?? ''}`, VK_ICD_FILENAMES: icd } };
  }
  const own = DRIVERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0);
  return own
    ? { env }
    : { missing: 'there is neither a Vulkan driver nor a Chromium with SwiftShader: install chromium and libvulkan1' };
};
