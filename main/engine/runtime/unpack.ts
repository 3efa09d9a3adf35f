/**
 * Takes single files out of wheels (ZIP archives) with the Python that fetched them: only what the plan names, hashed while it
 * is written. An archive's own checksums are verified on the way.
 */
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { StudioError } from '@shared/errors'
import { runChild } from './child'
import type { Log } from './log'
import type { RuntimePlan } from './plan'
import type { Python } from './python'

/** A pattern (Python's `re`, whole name) of entries to take, and where below the root they go. */
type UnpackRule = [pattern: string, target: string]

export interface UnpackedFile {
  /** Relative to the root, with forward slashes. */
  path: string
  bytes: number
  sha256: string
}

export interface UnpackOptions {
  python: Python
  wheel: string
  root: string
  rules: UnpackRule[]
  log: Log
  signal?: AbortSignal
  /** What is unpacked, for messages. */
  what?: string
  /** Bytes written of this wheel so far. */
  onBytes: (bytes: number) => void
}

/** One line of JSON for each 8 MB written, and for each file. */
const SCRIPT = `
import hashlib, json, os, re, sys, zipfile
wheel, root, rules = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
written = told = 0
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        found = [re.fullmatch(pattern, entry.filename) for pattern, _ in rules]
        chosen = [match.expand(target) for match, (_, target) in zip(found, rules) if match]
        if not chosen or entry.is_dir():
            continue
        path = os.path.join(root, *chosen[0].split('/'))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        digest = hashlib.sha256()
        with archive.open(entry) as source, open(path, 'wb') as sink:
            while True:
                chunk = source.read(1 << 20)
                if not chunk:
                    break
                sink.write(chunk)
                digest.update(chunk)
                written += len(chunk)
                if written - told >= 1 << 23:
                    told = written
                    print(json.dumps({'written': written}), flush=True)
        print(json.dumps({'path': chosen[0], 'bytes': entry.file_size, 'sha256': digest.hexdigest()}), flush=True)
`

/** @throws StudioError runtime/corrupt, runtime/disk-full, runtime/failed */
export async function unpackWheel(options: UnpackOptions): Promise<UnpackedFile[]> {
  const { python, wheel, root, rules, log, signal, what = 'TensorFlow', onBytes } = options
  const files: UnpackedFile[] = []
  const result = await runChild(python.command, [...python.args, '-c', SCRIPT, wheel, root, JSON.stringify(rules)], {
    signal,
    onLine: (line) => {
      if (!line.startsWith('{')) return log.write(`unpack: ${line}`)
      const said = JSON.parse(line) as { written: number } | UnpackedFile
      if ('written' in said) onBytes(said.written)
      else files.push(said)
    }
  })
  if (result.code === 0) return files
  const details = { wheel, output: result.stderr.slice(-4000) }
  if (/No space left on device|\[Errno (28|122)\]/.test(result.stderr)) {
    throw new StudioError('runtime/disk-full', `The disk filled up while ${what} was unpacked.`, details)
  }
  if (/BadZipFile|zlib\.error/.test(result.stderr)) {
    throw new StudioError('runtime/corrupt', `${wheel} is damaged.`, details)
  }
  const last = result.stderr.trimEnd().split('\n').at(-1) ?? ''
  throw new StudioError('runtime/failed', `${what} could not be unpacked: ${last || `exit ${result.code}`}`, details)
}

/** Everything of a TensorFlow wheel that is needed: the two libraries, the notices, and the headers of the C interface. */
function tensorflowRules(libraries: readonly string[]): UnpackRule[] {
  const escaped = libraries.map((name) => name.replaceAll('.', '\\.')).join('|')
  return [
    [`tensorflow/(${escaped})`, 'deps/lib/\\1'],
    ['tensorflow/THIRD_PARTY_NOTICES\\.txt', 'deps/THIRD_PARTY_NOTICES.txt'],
    ['tensorflow/include/LICENSE', 'deps/LICENSE'],
    [
      'tensorflow/include/((?:tensorflow/c|(?:tensorflow/)?tsl/c|xla/tsl/c)/.*\\.h|(?:tensorflow/core|tensorflow/tsl|tsl)/platform/ctstring.*\\.h)',
      'include/\\1'
    ]
  ]
}

/** NVIDIA's libraries go where TensorFlow's own run path looks for them, beside its `lib`; their licences with them. */
const NVIDIA_RULES: UnpackRule[] = [
  ['(nvidia/[^/]+/lib/lib[^/]+\\.so\\.[^/]+)', 'deps/\\1'],
  ['(nvidia_[^/]+)\\.dist-info/(?:licenses/)?License\\.txt', 'deps/nvidia/\\1-License.txt']
]

export interface UnpackRuntimeOptions {
  plan: RuntimePlan
  python: Python
  /** Paths, in the plan's order. */
  wheels: string[]
  root: string
  log: Log
  signal?: AbortSignal
  /** Bytes written of everything so far. */
  onBytes: (bytes: number) => void
}

/** @returns the files of the runtime, without the headers, which only the compiler needs */
export async function unpackRuntime(options: UnpackRuntimeOptions): Promise<UnpackedFile[]> {
  const { plan, wheels, root, onBytes } = options
  const files: UnpackedFile[] = []
  let before = 0
  for (const [index, wheel] of wheels.entries()) {
    const rules = index === 0 ? tensorflowRules(plan.libraries) : NVIDIA_RULES
    const unpacked = await unpackWheel({ ...options, wheel, rules, onBytes: (bytes) => onBytes(before + bytes) })
    before += unpacked.reduce((sum, { bytes }) => sum + bytes, 0)
    files.push(...unpacked)
  }
  for (const library of plan.libraries) {
    if (files.some(({ path }) => path === `deps/lib/${library}`)) continue
    throw new StudioError('runtime/failed', `The TensorFlow wheel does not hold ${library}.`, { wheels })
  }
  if (plan.flavour === 'gpu') await linkSolver(root)
  return files.filter(({ path }) => !path.startsWith('include/'))
}

/**
 * In 2.21 the run path of libtensorflow_framework leaves out cuSOLVER's folder, and TensorFlow would skip the GPU without a
 * word; cuBLAS' folder is in it.
 */
async function linkSolver(root: string): Promise<void> {
  const library = 'libcusolver.so.11'
  await symlink(`../../cusolver/lib/${library}`, join(root, 'deps', 'nvidia', 'cublas', 'lib', library))
}
