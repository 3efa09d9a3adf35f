/** Which split each image of a scan belongs to: what the folders say, what was stored before, or a draw. */
import type { Dataset, Split } from '@shared/domain/dataset'
import { SPLITS } from '@shared/domain/dataset'
import type { ImportScan } from '@shared/worker-protocol/import'
import { DEFAULT_SHARES, stratifiedSplit, type Shares, type SplitImage } from './split'

export type ScannedImage = ImportScan['images'][number]
type SplitSource = Dataset['splitSource']

export interface KnownSplit {
  path: string
  hash: string
  split: Split
}

export interface Assignment {
  splits: Map<string, Split>
  source: SplitSource
  /** Splits that the folders lack, drawn from the training folder. */
  drawn: Split[]
}

export interface AssignOptions {
  seed: number
  /** Images as the last import left them; none at the first. */
  known: readonly KnownSplit[]
  /** How the dataset was split so far; null at the first import. */
  source: SplitSource | null
}

/** Folders decide from the first import on; a dataset that was drawn once stays drawn, unless all its images are new. */
export function assignSplits(images: readonly ScannedImage[], { seed, known, source }: AssignOptions): Assignment {
  const byPath = new Map(known.map((image) => [image.path, image.split]))
  const byHash = new Map(known.map((image) => [image.hash, image.split]))
  // A file that was renamed keeps its split by its content; one that was edited, by its path.
  const before = ({ path, hash }: ScannedImage): Split | null => byHash.get(hash) ?? byPath.get(path) ?? null
  const inFolders = new Set(images.flatMap(({ split }) => split ?? []))
  const keepsDraw = source === 'stratified' && images.some((image) => before(image) !== null)
  // A training folder alone splits nothing.
  if (keepsDraw || inFolders.size < 2) {
    const all = images.map((image) => ({ ...image, split: before(image) }))
    return { splits: stratifiedSplit(all, seed), source: 'stratified', drawn: [] }
  }
  const drawn = SPLITS.filter((split) => !inFolders.has(split))
  const splits = new Map(images.map(({ path, split }) => [path, split!]))
  const pool = images
    .filter(({ split }) => split === 'train')
    .map((image): SplitImage => ({ ...image, split: keepsDrawn(before(image), drawn) }))
  if (drawn.length > 0) {
    for (const [path, split] of stratifiedSplit(pool, seed, sharesFor(drawn))) splits.set(path, split)
  }
  return { splits, source: 'folders', drawn }
}

/** Within the training folder an image can have been drawn for what the folders lack, or be for training. */
const keepsDrawn = (split: Split | null, drawn: readonly Split[]): Split | null =>
  split === 'train' || (split !== null && drawn.includes(split)) ? split : null

function sharesFor(drawn: readonly Split[]): Shares {
  const share = (split: 'validation' | 'test'): number => (drawn.includes(split) ? DEFAULT_SHARES[split] : 0)
  const validation = share('validation')
  const test = share('test')
  return { train: 1 - validation - test, validation, test }
}
