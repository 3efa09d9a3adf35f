/** Why a GPU does not compute, from what the probe found and what TensorFlow said while it was loaded. Pure. */
import type { DeviceReport, GpuObstacle } from '@shared/domain/device'
import { formatBytes } from '@shared/text/format'
import type { MachineFacts } from '@shared/worker-protocol/runtime'

type Gpu = NonNullable<DeviceReport['gpu']>

/** CUDA 12 runs on every driver from this one on (CUDA Compatibility guide, 'minor version compatibility'). */
const OLDEST_DRIVER = 525
/** Pascal: what the wheels of TensorFlow 2.18 and newer hold code for begins there. */
const LEAST_CAPABILITY = 6
/** TensorFlow with cuDNN takes about 700 MB before the first picture. */
const LEAST_MEMORY = 2 * 2 ** 30

/** Called where the GPU does not compute. */
export function gpuObstacle(facts: MachineFacts): GpuObstacle {
  const { gpu, flavours } = facts
  const { unsupported, location, bytes } = flavours.gpu
  if (unsupported) return { code: 'platform', reason: unsupported.message, remedy: null }
  if (!gpu) return withoutGpu(facts)
  const unfit = unfitGpu(gpu)
  if (unfit) return unfit
  if (!location) {
    return {
      code: 'not-prepared',
      reason: `TensorFlow for NVIDIA GPUs is not fetched unasked: it takes ${formatBytes(bytes)}.`,
      remedy: `Fetch it from Devices: ${formatBytes(bytes)}, about 5 GB on disk.`
    }
  }
  return unused(gpu, facts)
}

/** A driver's library without its kernel module is what containers have that were started without the GPU. */
function withoutGpu({ probes }: MachineFacts): GpuObstacle {
  const driver = probes.find(({ what }) => what.startsWith('NVIDIA driver'))
  const asked = probes.find(({ what }) => what.includes('nvidia-smi'))
  if (driver?.found || (asked && /failed|couldn't|not communicate/i.test(asked.result))) {
    return {
      code: 'driver-unreachable',
      reason: "NVIDIA's driver is installed, but it does not answer.",
      remedy:
        'Restart the machine after an update of the driver; in a container or a virtual machine, start it with the GPU handed through.'
    }
  }
  return {
    code: 'no-driver',
    reason: 'No NVIDIA driver was found.',
    remedy: `If this machine has an NVIDIA GPU, install NVIDIA's driver (${OLDEST_DRIVER} or newer), then look again.`
  }
}

/** What no download would cure. */
function unfitGpu({ name, driver, computeCapability, memoryBytes }: Gpu): GpuObstacle | null {
  if (computeCapability !== null && Number(computeCapability) < LEAST_CAPABILITY) return tooOld(name, computeCapability)
  if (driver !== null && Number.parseInt(driver, 10) < OLDEST_DRIVER) {
    return {
      code: 'driver-too-old',
      reason: `NVIDIA's driver ${driver} is too old: CUDA 12 takes ${OLDEST_DRIVER} or newer.`,
      remedy: `Update NVIDIA's driver to ${OLDEST_DRIVER} or newer, restart, then look again.`
    }
  }
  if (memoryBytes !== null && memoryBytes < LEAST_MEMORY) return tooSmall(name, formatBytes(memoryBytes))
  return null
}

const tooOld = (name: string, capability: string): GpuObstacle => ({
  code: 'compute-capability',
  reason: `${name} has compute capability ${capability}; TensorFlow holds code for ${LEAST_CAPABILITY}.0 and newer only.`,
  remedy: 'Nothing on this GPU: train on the processor, or use a GPU of 2016 or later.'
})

const tooSmall = (name: string, memory: string): GpuObstacle => ({
  code: 'memory',
  reason: `${name} has not enough free memory (${memory}): TensorFlow takes about 700 MB before the first picture.`,
  remedy: 'End other programs that use the GPU, then look again.'
})

/** It is prepared, and TensorFlow still computes elsewhere: what it wrote to its log says why (gpu_device.cc, cuda_executor.cc). */
function unused({ name }: Gpu, { tensorflow, log }: MachineFacts): GpuObstacle {
  const capability = /Ignoring visible gpu device[^]*?compute capability:? (\d+\.\d+)/i.exec(log)?.[1]
  if (capability) return tooOld(name, capability)
  if (/Cannot dlopen some GPU libraries|Could not load dynamic library/i.test(log)) {
    const library = /Could not load dynamic library '([^']+)'/i.exec(log)?.[1]
    return {
      code: 'no-cuda-library',
      reason: `A CUDA library ${library ? `(${library}) ` : ''}that came with TensorFlow does not load.`,
      remedy: 'Prepare TensorFlow for GPUs again: its folder in the cache is damaged or incomplete.'
    }
  }
  if (/CUDA_ERROR_OUT_OF_MEMORY|out of memory/i.test(log)) return tooSmall(name, 'all of it is taken')
  if (/failed call to cuInit|CUDA_ERROR_(NO_DEVICE|UNKNOWN|SYSTEM)|driver version is insufficient/i.test(log)) {
    const words = /failed call to cuInit:? *([^\n]+)/i.exec(log)?.[1]?.trim()
    return {
      code: 'driver-unreachable',
      reason: `NVIDIA's driver does not answer${words ? `: ${words}` : ''}.`,
      remedy: "Update NVIDIA's driver and restart; in a container, start it with the GPU handed through."
    }
  }
  const reason = !tensorflow
    ? 'TensorFlow for GPUs is prepared, but it was not loaded.'
    : tensorflow.loads
      ? 'TensorFlow for GPUs loads, but finds no GPU that it can use.'
      : tensorflow.error.message
  return { code: 'unknown', reason, remedy: "Update NVIDIA's driver, then look again." }
}
