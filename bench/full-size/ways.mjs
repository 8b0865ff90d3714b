/** What ours computes on: a way is a device, a precision, and whether weights are cached; or options of the command, for whole pictures. */
import { missingFor } from '../../dist/onnx/devices/choose-target.js';
import { probeDevice } from '../../dist/onnx/devices/probe.js';
import { SPEEDS } from '../../dist/app/cli/options/option-choices.js';
import { CPU } from '../../dist/onnx/graph/operators/target.js';

const WAY =
  /^(?:(?<family>cpu|cuda|webgpu|dml|coreml)(?::(?<index>\d+))?-)?(?<precision>fp32|fp16|int8)(?<fast>-fast)?$/;

/**
 * @param name `fp32`, `int8-fast` (with `--cache-weights`), `cuda-fp16`, `cuda:1-fp32` …
 * @returns { name, target, memory, verdicts }: `verdicts` of the self-test as lines; target null: the device cannot be used
 */
export const openWay = async (name) => {
  const command = name === 'deepcache' ? ['--cache-interval', '2'] : SPEEDS.includes(name) ? ['--speed', name] : null;
  if (command !== null) return { name, command, target: CPU, memory: 'lean', verdicts: [] };
  const found = WAY.exec(name)?.groups;
  if (found === undefined) {
    throw new Error(`Expected --ways to name ways such as fp32, int8-fast or cuda-fp16, got "${name}".`);
  }
  const { family = 'cpu', index = 0, precision, fast } = found;
  const way = { name, memory: fast === undefined ? 'lean' : 'cached' };
  if (family === 'cpu') return { ...way, target: { ...CPU, precision }, verdicts: [] };
  const missing = await missingFor({ family });
  if (missing !== null)
    return { ...way, target: null, verdicts: [`${missing.reason}. ${missing.remedy ?? ''}`.trim()] };
  const { target, attempts } = await probeDevice({ family, index: Number(index) }, [precision]);
  return { ...way, target, verdicts: attempts.map(verdictOf) };
};

const verdictOf = ({ target: { fusion, precision }, result, problem }) => {
  const tested = `self-test in ${precision}, kernels ${fusion}`;
  if (problem !== null) return `${tested}: failed: ${problem}`;
  return `${tested}: passed, off by ${result.max_error.toPrecision(2)} of at most ${result.tolerance}`;
};
