/**
 * The wheels on PyPI that have what CUDA needs, and the files that are taken from them: docs/decisions/0012. NVIDIA's are of
 * CUDA 13.0, with which the provider was built: the oldest driver of CUDA 13 loads them.
 */

export interface Wheel {
  /** On the index. */
  project: string;
  version: string;
  /** The wheel's name on the index. */
  file: string;
  bytes: number;
  /** Of the wheel. */
  sha256: string;
  /** ONNX Runtime's part; else NVIDIA's libraries, which a machine may have of its own. */
  isEngine: boolean;
  files: readonly WheelFile[];
}

export interface WheelFile {
  /** In the wheel. */
  path: string;
  /** In the wheel's folder in the cache. */
  name: string;
  bytes: number;
}

/** The wheel must have exactly the version of the package's ONNX Runtime (vendor/package.json). */
export const ENGINE_VERSION = '1.30.0';
/** The oldest NVIDIA driver that CUDA 13 works with (CUDA Toolkit Release Notes, table 2). */
export const LEAST_DRIVER = 580;
/**
 * Compute capabilities that ONNX Runtime's provider has code for. Code runs on later minor versions of its own major version
 * alone (CUDA C++ Programming Guide, binary compatibility), and the provider has no PTX to compile for others.
 */
export const COMPILED_FOR = [7.5, 8.0, 8.6, 8.9, 9.0, 12.0] as const;

/** Smallest first: what is wrong shows early. */
export const CUDA_WHEELS: readonly Wheel[] = [
  {
    project: 'nvidia-cuda-runtime',
    version: '13.0.96',
    file: 'nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    bytes: 2_243_632,
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    isEngine: false,
    files: [
      { path: 'nvidia/cu13/lib/libcudart.so.13', name: 'libcudart.so.13', bytes: 704_288 },
      { path: 'nvidia_cuda_runtime-13.0.96.dist-info/licenses/License.txt', name: 'License.txt', bytes: 59_262 },
    ],
  },
  {
    project: 'nvidia-curand',
    version: '10.4.0.35',
    file: 'nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl',
    bytes: 59_544_258,
    sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
    isEngine: false,
    files: [
      { path: 'nvidia/cu13/lib/libcurand.so.10', name: 'libcurand.so.10', bytes: 132_698_328 },
      { path: 'nvidia_curand-10.4.0.35.dist-info/licenses/License.txt', name: 'License.txt', bytes: 59_262 },
    ],
  },
  {
    /* cuDNN compiles some of its kernels when they are first used. */
    project: 'nvidia-cuda-nvrtc',
    version: '13.0.88',
    file: 'nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    bytes: 90_215_200,
    sha256: 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
    isEngine: false,
    files: [
      { path: 'nvidia/cu13/lib/libnvrtc.so.13', name: 'libnvrtc.so.13', bytes: 109_338_064 },
      { path: 'nvidia/cu13/lib/libnvrtc-builtins.so.13.0', name: 'libnvrtc-builtins.so.13.0', bytes: 4_380_616 },
      { path: 'nvidia_cuda_nvrtc-13.0.88.dist-info/licenses/License.txt', name: 'License.txt', bytes: 59_262 },
    ],
  },
  {
    /* Of its builds for several versions of Python any will do: what is taken does not depend on them. */
    project: 'onnxruntime-gpu',
    version: ENGINE_VERSION,
    file: 'onnxruntime_gpu-1.30.0-cp312-cp312-manylinux_2_28_x86_64.whl',
    bytes: 246_685_715,
    sha256: '6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1',
    isEngine: true,
    files: [
      { path: 'onnxruntime/capi/libonnxruntime.so.1.30.0', name: 'libonnxruntime.so.1', bytes: 29_062_976 },
      {
        path: 'onnxruntime/capi/libonnxruntime_providers_shared.so',
        name: 'libonnxruntime_providers_shared.so',
        bytes: 14_632,
      },
      {
        path: 'onnxruntime/capi/libonnxruntime_providers_cuda.so',
        name: 'libonnxruntime_providers_cuda.so',
        bytes: 272_049_904,
      },
      { path: 'onnxruntime/LICENSE', name: 'LICENSE', bytes: 1073 },
      { path: 'onnxruntime/ThirdPartyNotices.txt', name: 'ThirdPartyNotices.txt', bytes: 338_088 },
    ],
  },
  {
    project: 'nvidia-cudnn-cu13',
    version: '9.20.0.48',
    file: 'nvidia_cudnn_cu13-9.20.0.48-py3-none-manylinux_2_27_x86_64.whl',
    bytes: 366_173_588,
    sha256: '0c45dd8eeb50b603f07995b1b300c62ffe6a1980482b82b3bcf94a4ca9d49304',
    isEngine: false,
    files: [
      { path: 'nvidia/cudnn/lib/libcudnn.so.9', name: 'libcudnn.so.9', bytes: 129_240 },
      { path: 'nvidia/cudnn/lib/libcudnn_adv.so.9', name: 'libcudnn_adv.so.9', bytes: 109_169_104 },
      { path: 'nvidia/cudnn/lib/libcudnn_cnn.so.9', name: 'libcudnn_cnn.so.9', bytes: 4_203_904 },
      {
        path: 'nvidia/cudnn/lib/libcudnn_engines_precompiled.so.9',
        name: 'libcudnn_engines_precompiled.so.9',
        bytes: 245_391_920,
      },
      {
        path: 'nvidia/cudnn/lib/libcudnn_engines_runtime_compiled.so.9',
        name: 'libcudnn_engines_runtime_compiled.so.9',
        bytes: 29_386_664,
      },
      { path: 'nvidia/cudnn/lib/libcudnn_graph.so.9', name: 'libcudnn_graph.so.9', bytes: 4_460_192 },
      { path: 'nvidia/cudnn/lib/libcudnn_heuristic.so.9', name: 'libcudnn_heuristic.so.9', bytes: 60_822_040 },
      { path: 'nvidia/cudnn/lib/libcudnn_ops.so.9', name: 'libcudnn_ops.so.9', bytes: 39_855_888 },
      { path: 'nvidia_cudnn_cu13-9.20.0.48.dist-info/licenses/License.txt', name: 'License.txt', bytes: 18_174 },
    ],
  },
  {
    project: 'nvidia-cublas',
    version: '13.1.1.3',
    file: 'nvidia_cublas-13.1.1.3-py3-none-manylinux_2_27_x86_64.whl',
    bytes: 423_138_758,
    sha256: '37936a16db8fe4ac1f065c2139360608a543a09275cb1a1af612e08cfa065436',
    isEngine: false,
    files: [
      { path: 'nvidia/cu13/lib/libcublas.so.13', name: 'libcublas.so.13', bytes: 54_177_976 },
      { path: 'nvidia/cu13/lib/libcublasLt.so.13', name: 'libcublasLt.so.13', bytes: 541_607_888 },
      { path: 'nvidia_cublas-13.1.1.3.dist-info/licenses/License.txt', name: 'License.txt', bytes: 59_262 },
    ],
  },
];

/** Of the wheel's folder in the cache. */
export const folderNameOf = ({ project, version }: Pick<Wheel, 'project' | 'version'>): string =>
  `${project}-${version}`;

/** Bytes of what is taken from a wheel. */
export const unpackedBytes = ({ files }: Pick<Wheel, 'files'>): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);
