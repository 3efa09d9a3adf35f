/** Which C library this Linux has: the wheel's library wants glibc 2.27 or newer. */
import { StudioError } from '@shared/errors'

const OLDEST_GLIBC: [number, number] = [2, 27]

/** @throws StudioError runtime/unsupported-platform on musl, and on an older glibc */
export function requireGlibc(platform: string, version = glibcVersion()): void {
  if (!platform.startsWith('linux')) return
  if (version === null) {
    throw new StudioError(
      'runtime/unsupported-platform',
      'The TensorFlow runtime needs glibc, which this Linux lacks (musl).'
    )
  }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor >= OLDEST_GLIBC[1])) return
  const oldest = OLDEST_GLIBC.join('.')
  throw new StudioError(
    'runtime/unsupported-platform',
    `The TensorFlow runtime needs glibc ${oldest} or newer; this Linux has ${version}.`,
    { glibc: version }
  )
}

/** Null on musl. */
function glibcVersion(): string | null {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime ?? null
}
