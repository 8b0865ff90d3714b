/** The report as plain text, with marks for what works (✓), what stops a run (✗), and other information (·). */
import { bytesText } from './bytes-text.js';
import { cpuClassOf, type CpuClass } from '../../onnx/devices/cpu-class.js';
import type { CachedModel } from '../../models/hub/list-cached.js';
import type { CudaReport } from '../../onnx/libraries/cuda-libraries.js';
import type { DeviceReport, DoctorReport, FolderUnknown, MachineReport, Problem } from './report.js';

const OK = '  ✓ ';
const BAD = '  ✗ ';
const INFO = '  · ';
const MORE = '    ';

export const reportText = (report: DoctorReport): string => {
  const { version, machine, engine, cuda, model, cache, prepared, output, problems } = report;
  const sections: [title: string, lines: string[]][] = [
    ['Machine', machineLines(machine)],
    ['Inference engine', [...engineLines(engine), ...engine.devices.map(deviceLine)]],
    ['CUDA', cudaLines(cuda)],
    ['Model', modelLines(model)],
    ['Hugging Face cache', cacheLines(cache)],
    ['Made from weights (--precision int8, --cache-weights)', [preparedLine(prepared)]],
    ['Output', output.problem === null ? [`${OK}${output.folder} can be written`] : [bad(output.problem)]],
  ];
  const body = sections.map(([title, lines]) => `${title}\n${lines.join('\n')}\n`).join('\n');
  return `sdxl-refine ${version}\n\n${body}\n${verdict(problems)}\n`;
};

const bad = ({ message, code }: Problem): string => `${BAD}${message} [${code}]`;

const machineLines = ({
  node,
  platform,
  arch,
  os_release: os,
  cpu,
  cpu_features: features,
  cores,
  memory,
  disks,
}: MachineReport): string[] => [
  `${node.ok ? OK : BAD}Node ${node.version} (${node.required} or later is needed)`,
  `${INFO}${platform} ${arch}, ${os}`,
  `${INFO}${cpu ?? 'unknown CPU'}, ${cores} ${cores === 1 ? 'core' : 'cores'}`,
  ...(features === null
    ? []
    : [
        `${MORE}${features.length === 0 ? 'no vector instructions beyond the common ones' : features.join(', ')}`,
        ...precisionLines(cpuClassOf(features)),
      ]),
  `${INFO}memory: ${bytesText(memory.total_bytes)}, ${bytesText(memory.free_bytes)} free${memory.limit_bytes === null ? '' : `, limited to ${bytesText(memory.limit_bytes)}`}`,
  ...disks.map(
    ({ use, folder, free_bytes: free }) =>
      `${INFO}disk: ${free === null ? 'unknown' : bytesText(free)} free for ${use} (${folder})`,
  ),
];

const precisionLines = (cpu: CpuClass | null): string[] => {
  if (cpu === null) return [];
  const { name, relative } = cpu;
  if (relative === null) return [`${MORE}${name}: how much faster int8 and cached weights are was not measured`];
  const times = (seconds: number): string => `${(1 / seconds).toFixed(1)} times`;
  return [
    `${MORE}${name}: UNet calls at full size are ${times(relative.int8)} as fast with --precision int8, ${times(relative.fp32Cached)} with --cache-weights, ${times(relative.int8Cached)} with both`,
  ];
};

const engineLines = ({ version, problem }: DoctorReport['engine']): string[] => [
  ...(version === null ? [] : [`${OK}onnxruntime-node ${version} loads`]),
  ...(problem === null ? [] : [bad(problem)]),
];

const deviceLine = ({ name, works, precision, self_test: test, reason, speed }: DeviceReport): string => {
  if (!works) return `${name === 'cpu' ? BAD : INFO}${name}: ${reason ?? 'not tested'}`;
  const numbers =
    test === null
      ? ''
      : `, off by ${test.max_error.toExponential(1)} at most (${test.tolerance} is accepted), ${test.duration_ms} ms`;
  const times = speed === undefined ? '' : `; ${(speed.cpu_ms / speed.device_ms).toFixed(1)} times as fast as the CPU`;
  return `${OK}${name}: self-test passed in ${precision ?? 'fp32'}${numbers}${times}`;
};

const cudaLines = ({
  available,
  driver,
  driver_library: driverLibrary,
  cuda,
  libraries,
  provider,
  commands,
}: CudaReport): string[] => {
  if (!available) return [`${INFO}CUDA needs Linux on x64`];
  const parts = [driverLibrary, ...libraries, provider];
  return [
    `${INFO}${driver === null ? 'no NVIDIA driver is loaded' : `NVIDIA driver ${driver}`}`,
    ...parts.map(({ name, path }) => `${INFO}${name}: ${path ?? 'missing'}`),
    ...(commands.length === 0 ? [] : [`${MORE}to get the missing libraries of CUDA ${cuda}:`]),
    ...commands.map((command) => `${MORE}  ${command}`),
  ];
};

const modelLines = ({ folder, opened_in_ms: opened, problem }: DoctorReport['model']): string[] => {
  if (problem !== null) return [bad(problem)];
  if (opened === null) return [`${INFO}${folder}: not tried, because the engine does not start`];
  return [`${OK}${folder} is complete (opened in ${(opened / 1000).toFixed(1)} s)`];
};

const cacheLines = (cache: DoctorReport['cache']): string[] => {
  if (cache.folder === null) return [unknownFolderLine(cache)];
  const { folder, exists, models } = cache;
  if (!exists) return [`${INFO}${folder} does not exist`];
  if (models.length === 0) return [`${INFO}${folder} has no model of the SDXL family`];
  return [`${INFO}${folder}`, ...models.flatMap(cachedLines)];
};

const cachedLines = ({ id, folder, pipeline, bytes, problem }: CachedModel): string[] => [
  `${problem === null ? OK : INFO}${id} (${pipeline}, ${bytesText(bytes)})`,
  `${MORE}${problem === null ? `--model ${folder}` : `not complete: ${problem}`}`,
];

const unknownFolderLine = ({ problem }: FolderUnknown): string => `${INFO}${problem.message} [${problem.code}]`;

const preparedLine = (prepared: DoctorReport['prepared']): string => {
  if (prepared.folder === null) return unknownFolderLine(prepared);
  const { folder, files, bytes } = prepared;
  if (files === 0) return `${INFO}no files yet in ${folder}`;
  return `${INFO}${files} ${files === 1 ? 'file' : 'files'}, ${bytesText(bytes)}, in ${folder}; may be deleted`;
};

const verdict = (problems: readonly Problem[]): string => {
  if (problems.length === 0) return 'sdxl-refine can run here.';
  return `sdxl-refine cannot run here: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}, marked ✗ above.`;
};
