import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findGpu, parseNvidiaSmi } from '../../../main/engine/runtime/gpu'
import { preferred } from '../../../main/engine/runtime/probe'
import { fakeProgram } from '../../fixtures/fake-programs'

let directory: string
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'whetstone-gpu-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('nvidia-smi names the first GPU', () => {
  expect(parseNvidiaSmi('NVIDIA L4, 23034, 550.54.15, 8.9\nNVIDIA T4, 15360, 550.54.15, 7.5\n')).toEqual({
    name: 'NVIDIA L4',
    memoryBytes: 23034 * 2 ** 20,
    driver: '550.54.15',
    computeCapability: '8.9'
  })
  expect(parseNvidiaSmi('NVIDIA Thor, [N/A], 580.1, 11.0')).toMatchObject({ memoryBytes: null, driver: '580.1' })
  expect(parseNvidiaSmi('No devices were found')).toBeNull()
  expect(parseNvidiaSmi('')).toBeNull()
})

test('what nvidia-smi finds is the GPU', async () => {
  fakeProgram(directory, 'nvidia-smi', 'echo "NVIDIA L4, 23034, 550.54.15, 8.9"')
  const { gpu, probes } = await findGpu({ PATH: directory })
  expect(gpu?.name).toBe('NVIDIA L4')
  expect(probes).toEqual([
    {
      what: 'NVIDIA GPU, asked nvidia-smi',
      found: true,
      result: 'NVIDIA L4, 22 GiB, driver 550.54.15, compute capability 8.9'
    }
  ])
})

test('a broken driver is told in the words of nvidia-smi, and its absence by name', async () => {
  fakeProgram(directory, 'nvidia-smi', 'echo "NVIDIA-SMI has failed because it could not communicate"; exit 9')
  expect((await findGpu({ PATH: directory })).probes[0]).toMatchObject({
    found: false,
    result: 'NVIDIA-SMI has failed because it could not communicate'
  })
  const { probes } = await findGpu({ PATH: join(directory, 'empty') })
  expect(probes[0]).toMatchObject({ found: false, result: 'no such program' })
  expect(probes).toHaveLength(2)
})

test('the runtime for GPUs is preferred only where there is one', () => {
  const cpu = { directory: '/c', version: '2.21.0', flavour: 'cpu' as const }
  const gpu = { directory: '/g', version: '2.21.0', flavour: 'gpu' as const }
  const device = { name: 'L4', memoryBytes: null, driver: null, computeCapability: null }
  expect(preferred(cpu, gpu, device)).toBe(gpu)
  expect(preferred(cpu, gpu, null)).toBe(cpu)
  expect(preferred(cpu, null, device)).toBe(cpu)
  expect(preferred(null, gpu, null)).toBe(gpu)
  expect(preferred(null, null, device)).toBeNull()
})
