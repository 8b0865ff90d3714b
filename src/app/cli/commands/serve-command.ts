/** `sdxl-refine serve`: arguments, options and help; `run-serve.ts` runs it. */
import { Command } from 'commander';
import { addScoreOptions, readFlags } from '../options/score-flags.js';
import { DEFAULT_DEADLINE_S, type ServeFlags } from '../options/serve-flags.js';
import { addBatchSize } from '../options/device-options.js';
import { addRowOptions } from '../options/row-options.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import type { ProcessContext } from '../process-context.js';

const HELP: HelpTexts = {
  examples: [
    'sdxl-refine serve',
    'SDXL_REFINE_KEY=$(cat key) sdxl-refine serve --host 0.0.0.0 --tls-cert …',
    'curl --json @request.json http://127.0.0.1:5001/score',
  ],
  usual: ['--model', '--device', '--host', '--port', '--key-file', '--queue', '--timeout'],
  notes: `POST /score takes {"input_data": {"columns": ["image", "prompt"], "index": [0], "data": [["<base64>", "a cat"]]}}. The page for browsers is at /, the description of the API at /docs. Every option is also a variable (SDXL_REFINE_PORT); the key is SDXL_REFINE_KEY.

Exit codes: 0 stopped after finishing what was accepted, 2 usage, 4 model, 5 device.`,
};

export const serveCommand = (context: ProcessContext): Command => {
  const command = new Command('serve')
    .description("Serves Azure ML's online endpoint for the refiner on this machine.")
    .summary("Serves Azure ML's online endpoint on this machine.");
  addBatchSize(addScoreOptions(command))
    .option('--host <name>', 'address to listen on; an address beyond this machine needs a key', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0: any free one', '5001')
    .option('--queue <n>', 'requests that may wait; further ones get 429 and Retry-After', '32')
    .option('--timeout <n>', `seconds a request may take (default: WORKER_TIMEOUT, else ${DEFAULT_DEADLINE_S})`)
    .option('--receive-timeout <n>', 'seconds in which a request must arrive in full', '60')
    .option('--stop-timeout <n>', 'seconds that accepted requests may still take after Ctrl-C or SIGTERM', '30')
    .option('--body-limit <n>', 'largest request body, in MiB', '32')
    .option(
      '--bodies-limit <n>',
      'largest total of all request bodies, in MiB; a request beyond it gets 503 and Retry-After',
      '256',
    )
    .option('--key-file <file>', 'file with the key that clients send (default: the variable SDXL_REFINE_KEY)')
    .option(
      '--no-auth',
      'listen beyond this machine without a key: a proxy in front of the server authenticates clients',
    )
    .option('--tls-cert <file>', 'certificate chain, PEM')
    .option('--tls-key <file>', 'private key of the certificate, PEM')
    .option('--log-json', 'log as JSON lines');
  return setHelpTexts(addRowOptions(command, 'batch'), HELP).action(async () => {
    const flags = await readFlags<ServeFlags>(command, context);
    /* Imported on demand: the web server loads slowly. */
    const { runServe } = await import('./run-serve.js');
    await runServe(flags, context);
  });
};
