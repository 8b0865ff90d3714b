/** `sdxl-refine devices`: lists devices, and adds and removes the libraries that CUDA needs. */
import { resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { bytesText } from '../../doctor/bytes-text.js';
import { downloadProgress } from '../progress/download-progress.js';
import { isAlive } from '../is-process-alive.js';
import { listenForStop } from '../stop-signal.js';
import { setHelpTexts, type HelpTexts } from '../help-text.js';
import { variable, type ProcessContext } from '../process-context.js';
import type { ListedDevice } from '../../../onnx/devices/list-devices.js';

const HELP: HelpTexts = {
  examples: ['sdxl-refine devices list', 'sdxl-refine devices add cuda'],
  usual: [],
  notes:
    'CUDA 13 needs Linux on x64, an NVIDIA card of the Turing generation or newer, and NVIDIA’s driver 580 or newer; no root, and no CUDA ' +
    'of the machine’s own. The libraries are NVIDIA’s and ONNX Runtime’s, with their licences beside them, in SDXL_REFINE_CACHE or ' +
    'the user’s cache folder.',
};

interface AddFlags {
  from?: string;
  indexUrl?: string;
  quiet?: boolean;
}

export const devicesCommand = (context: ProcessContext, setExitCode: (code: number) => void): Command => {
  const json = ['--json', 'print one JSON object per line'] as const;
  const family = (): Argument => new Argument('<device>', 'whose libraries').choices(['cuda']);
  const devices = setHelpTexts(
    new Command('devices')
      .description('Lists devices; adds and removes the libraries that CUDA needs.')
      .helpCommand(false),
    HELP,
  );
  devices
    .command('list')
    .description('Lists devices, which one --device auto takes, and why not the others.')
    .option(...json)
    .action((flags: { json?: boolean }) => list(context, flags.json === true));
  devices
    .command('add')
    .description('Downloads the libraries that a device needs (1.1 GiB for CUDA); continues an interrupted download.')
    .addArgument(family())
    .option('--from <folder>', 'take the wheels from a folder instead of downloading them')
    .option('--index-url <url>', 'package index to download from (default: PIP_INDEX_URL, else PyPI)')
    .option('-q, --quiet', 'no progress')
    .action((_: string, flags: AddFlags) => add(context, flags));
  devices
    .command('remove')
    .description('Removes the libraries that "devices add" has added.')
    .addArgument(family())
    .option(...json)
    .action(async (_: string, flags: { json?: boolean }) => {
      setExitCode(await remove(context, flags.json === true));
    });
  return devices;
};

const list = async (context: ProcessContext, asJson: boolean): Promise<void> => {
  const { listDevices } = await import('../../../onnx/devices/list-devices.js');
  const stop = listenForStop(context, () => undefined);
  try {
    const devices = await listDevices({ signal: stop.signal });
    const width = Math.max(...devices.map(({ device }) => device.length));
    for (const device of devices) context.stdout.write(asJson ? `${JSON.stringify(device)}\n` : linesOf(device, width));
  } finally {
    stop.release();
  }
};

const linesOf = (device: ListedDevice, width: number): string => {
  const { device: id, name, chosen, precision, reason, remedy } = device;
  const details = [
    name,
    device.memory_bytes === undefined ? null : bytesText(device.memory_bytes),
    device.compute_capability === undefined ? null : `compute capability ${device.compute_capability}`,
    device.driver === undefined ? null : `driver ${device.driver}`,
  ].filter((detail) => detail !== null);
  const state = chosen ? `--device auto takes it, in ${precision ?? 'fp32'}` : (reason ?? '');
  const [first = '', ...rest] = [
    ...(details.length === 0 ? [] : [details.join(', ')]),
    state,
    ...(remedy === null ? [] : [remedy]),
  ];
  const indent = ' '.repeat(width + 4);
  return `${chosen ? '✓' : '·'} ${id.padEnd(width)}  ${[first, ...rest].join(`\n${indent}`)}\n`;
};

/** @throws DEVICE_UNAVAILABLE if the device does not work with its libraries */
const add = async (context: ProcessContext, { from, indexUrl, quiet }: AddFlags): Promise<void> => {
  const { addCuda } = await import('../../../onnx/libraries/add-cuda.js');
  const { parseIndex, PUBLIC_INDEX } = await import('../../../onnx/libraries/package-index.js');
  const { searchHere } = await import('../../../onnx/libraries/library-search.js');
  const stop = listenForStop(context, () => undefined);
  const progress = downloadProgress(context.stderr, 'cuda', quiet === true);
  const pipIndex = variable('PIP_INDEX_URL', context);
  const index =
    indexUrl === undefined && pipIndex !== undefined
      ? parseIndex(pipIndex, 'the variable PIP_INDEX_URL')
      : parseIndex(indexUrl ?? PUBLIC_INDEX, '--index-url');
  try {
    const added = await addCuda(searchHere(context.env), {
      from: from === undefined ? null : resolve(context.cwd(), from),
      index,
      signal: stop.signal,
      isAlive: (pid) => isAlive(context, pid),
      begin: ({ wheels, downloadBytes, unpackedBytes, folder }) => {
        if (quiet === true) return;
        const what = `${wheels.length} ${wheels.length === 1 ? 'wheel' : 'wheels'} of ${bytesText(downloadBytes)}`;
        const way = from === undefined ? `Downloads ${what} from ${index.url}` : `Takes ${what} from ${from}`;
        context.stderr.write(`${way}, for ${bytesText(unpackedBytes)} of libraries in ${folder}.\n`);
      },
      report: progress.report,
    });
    progress.end();
    context.stdout.write(`${added.folder}\n`);
    if (added.usesOwnCuda) context.stderr.write('CUDA and cuDNN are the machine’s own.\n');
    if (added.hasDriver) await tryCuda(context, stop.signal);
    else
      context.stderr.write(
        'There is no NVIDIA driver here, so the libraries are not tried: CUDA 13 needs driver 580 or newer.\n',
      );
  } finally {
    progress.end();
    stop.release();
  }
};

const tryCuda = async (context: ProcessContext, signal: AbortSignal): Promise<void> => {
  const { chooseTarget } = await import('../../../onnx/devices/choose-target.js');
  const { target } = await chooseTarget({ family: 'cuda', index: 0 }, 'auto', { signal });
  context.stderr.write(`cuda works, in ${target.precision}.\n`);
};

/** @returns the exit code: 6 if a folder was not removed */
const remove = async (context: ProcessContext, asJson: boolean): Promise<number> => {
  const { removeCuda } = await import('../../../onnx/libraries/add-cuda.js');
  const { searchHere } = await import('../../../onnx/libraries/library-search.js');
  const { folder, wheels, bytes, stay } = await removeCuda(searchHere(context.env), (pid) => isAlive(context, pid));
  for (const left of stay) context.stderr.write(`${left} stays: it has files that were not added.\n`);
  if (asJson) {
    for (const { project, version, folder: from } of wheels) {
      context.stdout.write(`${JSON.stringify({ project, version, folder: from })}\n`);
    }
  } else if (wheels.length === 0 && bytes === 0) context.stderr.write(`Nothing to remove in ${folder}.\n`);
  else
    context.stdout.write(
      `Removed ${wheels.length} ${wheels.length === 1 ? 'package' : 'packages'}, ${bytesText(bytes)}\n`,
    );
  return stay.length === 0 ? 0 : 6;
};
