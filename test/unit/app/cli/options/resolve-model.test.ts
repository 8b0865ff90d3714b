/** What is said of a model that is not found: a path, an id, or a path that looks like an id. */
import { rmSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { resolveModel } from '#src/app/cli/options/resolve-model.js';
import type { ProcessContext } from '#src/app/cli/process-context.js';
import { createTerminal } from '#src/app/cli/progress/terminal.js';
import { temporaryFolder } from '../../../../support/run-cli.js';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const resolve = (text: string, env: Record<string, string>): Promise<string> => {
  const stderr = createTerminal({ stderr: new PassThrough(), env: {} });
  const context = { cwd: () => folder, env: { HF_HUB_CACHE: folder, ...env }, stderr } as unknown as ProcessContext;
  return resolveModel(text, context, { signal: new AbortController().signal, quiet: true });
};

it('an id that is not in the cache, offline', async () => {
  await expect(resolve('someone/sdxl', { HF_HUB_OFFLINE: '1' })).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringMatching(
      /^There is no folder someone\/sdxl here.*not in the cache \(.*HF_HUB_OFFLINE forbids.*models pull someone\/sdxl"/,
    ) as string,
  });
});

it('a mistyped path that looks like an id: what it was taken for, first', async () => {
  await expect(resolve('models/sdxl-refiner', { HF_ENDPOINT: 'http://127.0.0.1:9' })).rejects.toMatchObject({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: expect.stringMatching(
      /^There is no folder models\/sdxl-refiner here, so it was taken for an id of the Hugging Face hub\. http:\/\/127/,
    ) as string,
  });
});

/* A name too long for any server: it is not asked for. */
it('a host that cannot be found: trying again is not the mend', async () => {
  const refused = resolve('someone/sdxl', { HF_ENDPOINT: `http://${'x'.repeat(64)}.invalid` });
  await expect(refused).rejects.toThrow(/Check the network; HTTPS_PROXY names a proxy\. HF_ENDPOINT names a mirror/);
  await expect(refused).rejects.not.toThrow(/Try again/);
});
