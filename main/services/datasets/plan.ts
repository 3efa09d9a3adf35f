/** From what a scan found to what the store takes over: splits, findings, the report. Refuses what nothing can be trained on. */
import { createHash } from 'node:crypto'
import type { Dataset, ImportReport, RefusedFile, Split } from '@shared/domain/dataset'
import { StudioError, type ErrorCode } from '@shared/errors'
import type { ImportScan } from '@shared/worker-protocol/import'
import type { DatasetImport } from '../../store/store'
import { assignSplits, type KnownSplit } from './assign'
import { findDatasetFindings } from './findings'

/** Refused files that an error names, of possibly thousands. */
const NAMED = 20

export interface PlanContext {
  dataset: Pick<Dataset, 'id' | 'root' | 'state' | 'splitSeed' | 'splitSource'>
  /** The images that the dataset holds so far. */
  known: readonly KnownSplit[]
  durationMs: number
  finishedAt: number
}

/** @throws StudioError dataset/empty, dataset/no-labels, dataset/one-class */
export function planImport(scan: ImportScan, { dataset, known, durationMs, finishedAt }: PlanContext): DatasetImport {
  refuseUntrainable(scan, dataset.root)
  const source = dataset.state === 'ready' ? dataset.splitSource : null
  const { splits, source: splitSource, drawn } = assignSplits(scan.images, { seed: dataset.splitSeed, known, source })
  const images = scan.images.map(({ state: _state, ...image }) => ({ ...image, split: splits.get(image.path)! }))
  const refused = scan.refused as RefusedFile[]
  const findings = findDatasetFindings(images, refused.length, drawn)
  const paths = new Set(images.map(({ path }) => path))
  const count = (state: 'added' | 'changed' | 'unchanged'): number =>
    scan.images.filter((image) => image.state === state).length
  const report: ImportReport = {
    datasetId: dataset.id,
    scanned: scan.scanned,
    imported: images.length,
    added: count('added'),
    changed: count('changed'),
    removed: known.filter(({ path }) => !paths.has(path)).length,
    unchanged: count('unchanged'),
    ignored: scan.ignored,
    refused,
    findings,
    durationMs,
    finishedAt
  }
  const classes = [...new Set(images.map(({ label }) => label))].sort()
  return { images, classes, refused, findings, splitSource, contentHash: contentHash(images), report }
}

function refuseUntrainable({ images, refused, scanned }: ImportScan, root: string): void {
  const labels = new Set(images.map(({ label }) => label))
  if (labels.size > 1) return
  const fail = (code: ErrorCode, message: string): never => {
    throw new StudioError(code, message, {
      root,
      scanned,
      refusedCount: refused.length,
      refused: refused.slice(0, NAMED)
    })
  }
  if (labels.size === 1) fail('dataset/one-class', `'${root}' has images of one label only: '${[...labels][0]}'.`)
  if (refused.some(({ code }) => code === 'image/unlabelled')) {
    fail('dataset/no-labels', `The images in '${root}' lie outside of any label's folder.`)
  }
  const unread =
    refused.length === 0 ? '' : `: ${refused.length} could not be read, the first being '${refused[0]!.path}'`
  fail('dataset/empty', `'${root}' holds no image that can be used${unread}.`)
}

interface Fingerprint {
  path: string
  hash: string
  label: string
  split: Split
}

/** SHA-256 over (path, content hash, label, split) of every image, hex; the order of the images does not matter. */
export function contentHash(images: readonly Fingerprint[]): string {
  const sum = createHash('sha256')
  const sorted = [...images].sort((a, b) => (a.path < b.path ? -1 : 1))
  for (const { path, hash, label, split } of sorted) sum.update(`${JSON.stringify([path, hash, label, split])}\n`)
  return sum.digest('hex')
}
