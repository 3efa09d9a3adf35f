/** Looks for an NVIDIA GPU and its driver, without loading any of NVIDIA's libraries. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { DeviceReport } from '@shared/domain/device'
import { runChild } from './child'

export type Gpu = NonNullable<DeviceReport['gpu']>
export type Probe = DeviceReport['probes'][number]

const QUERY = ['--query-gpu=name,memory.total,driver_version,compute_cap', '--format=csv,noheader,nounits']
const KERNEL_MODULE = '/proc/driver/nvidia/version'
/** Debian, Red Hat and Arch, WSL. */
const DRIVER_LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/libcuda.so.1',
  '/usr/lib64/libcuda.so.1',
  '/usr/lib/libcuda.so.1',
  '/usr/lib/wsl/lib/libcuda.so.1'
]

/** The first GPU, and what was looked for, in order. A driver without nvidia-smi counts as a GPU of unknown name. */
export async function findGpu(env: NodeJS.ProcessEnv = process.env): Promise<{ gpu: Gpu | null; probes: Probe[] }> {
  const asked = await runChild('nvidia-smi', QUERY, { env, timeoutMs: 10_000 })
  const gpu = asked.code === 0 ? parseNvidiaSmi(asked.stdout) : null
  const smi: Probe = {
    what: 'NVIDIA GPU, asked nvidia-smi',
    found: gpu !== null,
    result: gpu
      ? describeGpu(gpu)
      : (asked.spawnError === 'ENOENT' ? 'no such program' : asked.stdout || asked.stderr).trim()
  }
  if (gpu) return { gpu, probes: [smi] }
  const module = await readFile(KERNEL_MODULE, 'utf8').catch(() => null)
  const library = DRIVER_LIBRARIES.find((path) => existsSync(path)) ?? null
  const driver: Probe = {
    what: `NVIDIA driver: ${KERNEL_MODULE}, libcuda.so.1`,
    found: module !== null || library !== null,
    result: module?.split('\n')[0]?.trim() ?? library ?? 'neither is there'
  }
  // A library without the kernel's module (a container's image, for example) reaches no GPU; under WSL there is no module.
  const reachable = module !== null || library?.includes('/wsl/') === true
  const unnamed: Gpu = { name: 'NVIDIA GPU', memoryBytes: null, driver: null, computeCapability: null }
  return { gpu: reachable ? unnamed : null, probes: [smi, driver] }
}

/** @param text CSV of name, memory in MiB, driver version, compute capability; one GPU a line */
export function parseNvidiaSmi(text: string): Gpu | null {
  const [name, memory, driver, capability] = (text.trim().split('\n')[0] ?? '').split(',').map((field) => field.trim())
  if (!name || capability === undefined) return null
  const mebibytes = Number(memory)
  return {
    name,
    memoryBytes: memory && Number.isFinite(mebibytes) ? Math.round(mebibytes * 2 ** 20) : null,
    driver: known(driver),
    computeCapability: known(capability)
  }
}

const known = (field: string | undefined): string | null => (!field || /N\/A|not supported/i.test(field) ? null : field)

function describeGpu({ name, memoryBytes, driver, computeCapability }: Gpu): string {
  const parts = [
    name,
    memoryBytes === null ? null : `${(memoryBytes / 2 ** 30).toFixed(0)} GiB`,
    driver && `driver ${driver}`,
    computeCapability && `compute capability ${computeCapability}`
  ]
  return parts.filter(Boolean).join(', ')
}
