/**
 * What the TensorFlow runtime of each platform is made of: which wheels, pinned by version and hash, and which files out of
 * them. The C library and its headers lie in every TensorFlow wheel since 2.10; the interpreter's version in a wheel's name
 * does not matter, because no Python part of it is used.
 */
import { StudioError } from '@shared/errors'
import type { RuntimeLocation } from '@shared/worker-protocol/common'

export const TENSORFLOW_VERSION = '2.21.0'
export const PYTHON_TAG = '3.12'

export type Flavour = RuntimeLocation['flavour']

export interface Wheel {
  /** Name for pip. */
  name: string
  version: string
  /** File name, as pip saves it. */
  file: string
  bytes: number
  sha256: string
}

export interface RuntimePlan {
  flavour: Flavour
  version: string
  /** `process.platform` and `process.arch`, for example linux-x64. */
  platform: string
  /** The first one holds TensorFlow itself; the others NVIDIA's libraries. */
  wheels: Wheel[]
  /** Platform tags for pip, best first. */
  tags: string[]
  /** Compiler for a machine without one; null: none is known to do here. */
  zig: Wheel | null
  zigTags: string[]
  /** Names of the two libraries inside `tensorflow/`. */
  libraries: [string, string]
  /** Bytes of everything that is unpacked. */
  unpackedBytes: number
}

const manylinux = (arch: string): string[] =>
  ['manylinux_2_28_', 'manylinux_2_27_', 'manylinux_2_17_', 'manylinux2014_', 'manylinux_2_12_'].map(
    (tag) => tag + arch
  )

const tensorflow = (name: string, tag: string, bytes: number, sha256: string): Wheel => ({
  name,
  version: TENSORFLOW_VERSION,
  file: `${name.replaceAll('-', '_')}-${TENSORFLOW_VERSION}-cp312-cp312-${tag}.whl`,
  bytes,
  sha256
})

const zig = (tag: string, bytes: number, sha256: string): Wheel => ({
  name: 'ziglang',
  version: '0.17.1',
  file: `ziglang-0.17.1-py3-none-${tag}.whl`,
  bytes,
  sha256
})

const LINUX_LIBRARIES: [string, string] = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']

type PlatformPlan = Omit<RuntimePlan, 'flavour' | 'version' | 'platform'>

const LINUX_X64: PlatformPlan = {
  wheels: [
    tensorflow(
      'tensorflow-cpu',
      'manylinux_2_27_x86_64',
      274_000_871,
      'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb'
    )
  ],
  tags: manylinux('x86_64'),
  zig: zig(
    'manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64',
    101_083_562,
    'ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54'
  ),
  zigTags: manylinux('x86_64'),
  libraries: LINUX_LIBRARIES,
  unpackedBytes: 854_000_000
}

const LINUX_ARM64: PlatformPlan = {
  wheels: [
    tensorflow(
      'tensorflow',
      'manylinux_2_27_aarch64',
      281_946_471,
      'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552'
    )
  ],
  tags: manylinux('aarch64'),
  zig: zig(
    'manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64',
    98_063_064,
    'b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e'
  ),
  zigTags: manylinux('aarch64'),
  libraries: LINUX_LIBRARIES,
  unpackedBytes: 884_000_000
}

const DARWIN_ARM64: PlatformPlan = {
  wheels: [
    tensorflow(
      'tensorflow',
      'macosx_12_0_arm64',
      223_488_205,
      '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712'
    )
  ],
  tags: ['macosx_12_0_arm64'],
  zig: null,
  zigTags: [],
  libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
  unpackedBytes: 741_000_000
}

const nvidia = (part: string, version: string, tag: string, bytes: number, sha256: string): Wheel => ({
  name: `nvidia-${part}-cu12`,
  version,
  file: `nvidia_${part.replaceAll('-', '_')}_cu12-${version}-py3-none-${tag}.whl`,
  bytes,
  sha256
})

const LINUX_2010 = 'manylinux2010_x86_64.manylinux_2_12_x86_64'
const LINUX_2014 = 'manylinux2014_x86_64.manylinux_2_17_x86_64'
const LINUX_2_27 = 'manylinux_2_27_x86_64'

/** CUDA 12.9 and cuDNN 9: the newest of the ranges that TensorFlow's own `and-cuda` extra names. */
const GPU_PARTS = {
  wheels: [
    tensorflow(
      'tensorflow',
      LINUX_2_27,
      572_611_111,
      'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0'
    ),
    nvidia(
      'cublas',
      '12.9.3.13',
      LINUX_2_27,
      581_217_458,
      'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'
    ),
    nvidia(
      'cuda-nvrtc',
      '12.9.86',
      LINUX_2010,
      89_568_129,
      '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'
    ),
    nvidia(
      'cuda-runtime',
      '12.9.79',
      LINUX_2014,
      3_493_179,
      '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'
    ),
    nvidia(
      'cudnn',
      '9.28.0.42',
      LINUX_2_27,
      716_538_495,
      '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'
    ),
    nvidia(
      'cufft',
      '11.4.1.4',
      LINUX_2014,
      200_877_592,
      'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'
    ),
    nvidia(
      'cusolver',
      '11.7.5.82',
      LINUX_2_27,
      338_117_415,
      '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'
    ),
    nvidia(
      'cusparse',
      '12.5.10.65',
      LINUX_2014,
      366_465_088,
      '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'
    ),
    nvidia(
      'nvjitlink',
      '12.9.86',
      LINUX_2010,
      39_748_338,
      'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'
    )
  ],
  unpackedBytes: 4_880_000_000
}

const CPU_PLANS: Record<string, PlatformPlan> = {
  'linux-x64': LINUX_X64,
  'linux-arm64': LINUX_ARM64,
  'darwin-arm64': DARWIN_ARM64
}

/**
 * @param platform as `process.platform`; @param arch as `process.arch`
 * @throws StudioError runtime/unsupported-platform
 */
export function planRuntime(flavour: Flavour, platform: string, arch: string): RuntimePlan {
  const key = `${platform}-${arch}`
  const plan = flavour === 'cpu' ? CPU_PLANS[key] : key === 'linux-x64' ? { ...LINUX_X64, ...GPU_PARTS } : undefined
  if (!plan) {
    const what = flavour === 'gpu' ? 'TensorFlow for NVIDIA GPUs' : 'The TensorFlow runtime'
    throw new StudioError('runtime/unsupported-platform', `${what} cannot be prepared on ${key}.`, { platform, arch })
  }
  return { flavour, version: TENSORFLOW_VERSION, platform: key, ...plan }
}

export const fetchedBytes = (plan: RuntimePlan): number => plan.wheels.reduce((sum, { bytes }) => sum + bytes, 0)

/** Name of the prepared runtime's folder below the cache's `runtime/`. */
export const runtimeFolderName = (plan: RuntimePlan): string =>
  `tensorflow-${plan.version}-${plan.flavour}-${plan.platform}`
