import { expect, test } from 'vitest'
import { fetchedBytes, planRuntime, runtimeFolderName } from '../../../main/engine/runtime/plan'
import { requireGlibc } from '../../../main/engine/runtime/platform'

test.each([
  ['cpu', 'linux', 'x64', 1, 274e6],
  ['cpu', 'linux', 'arm64', 1, 282e6],
  ['cpu', 'darwin', 'arm64', 1, 223e6],
  ['gpu', 'linux', 'x64', 9, 2909e6]
] as const)('%s on %s-%s: %i wheels, each pinned', (flavour, platform, arch, count, bytes) => {
  const plan = planRuntime(flavour, platform, arch)
  expect(plan.wheels).toHaveLength(count)
  expect(Math.round(fetchedBytes(plan) / 1e6)).toBe(Math.round(bytes / 1e6))
  for (const { sha256, file, version } of plan.wheels) {
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(file).toContain(`-${version}-`)
  }
  expect(runtimeFolderName(plan)).toBe(`tensorflow-2.21.0-${flavour}-${platform}-${arch}`)
})

test.each([
  ['cpu', 'win32', 'x64'],
  ['cpu', 'darwin', 'x64'],
  ['gpu', 'darwin', 'arm64'],
  ['gpu', 'linux', 'arm64']
] as const)('%s on %s-%s is refused, naming the platform', (flavour, platform, arch) => {
  expect(() => planRuntime(flavour, platform, arch)).toThrow(
    expect.objectContaining({
      code: 'runtime/unsupported-platform',
      message: expect.stringContaining(`${platform}-${arch}`)
    })
  )
})

test('an old glibc and musl are refused, and only on Linux', () => {
  const refused = expect.objectContaining({ code: 'runtime/unsupported-platform' })
  expect(() => requireGlibc('linux-x64', '2.26')).toThrow(refused)
  expect(() => requireGlibc('linux-x64', null)).toThrow(refused)
  expect(() => requireGlibc('linux-x64', '2.27')).not.toThrow()
  expect(() => requireGlibc('linux-x64', '3.0')).not.toThrow()
  expect(() => requireGlibc('darwin-arm64', null)).not.toThrow()
})
