/** What the folders above an image say of it: its label, and its split where train, validation and test lie apart. */
import type { Split } from '@shared/domain/dataset'

const SPLIT_NAMES: Readonly<Record<string, Split>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
  testing: 'test'
}

/** `labels`: the first folders are the labels. `splits`: the first folders are the splits, the ones below them the labels. */
export type Layout = 'labels' | 'splits'

export interface Placement {
  label: string
  /** Null: not for the folders to say. */
  split: Split | null
}

const splitOf = (folder: string): Split | null => SPLIT_NAMES[folder.toLowerCase()] ?? null

/**
 * Splits need a training folder with labels below it, and either a second split beside it or nothing else: 'train' alone
 * among other folders is a label (next to 'bus' and 'tram', say).
 *
 * @param paths of all images, relative to the root, forward slashes.
 */
export function detectLayout(paths: Iterable<string>): Layout {
  const splits = new Set<Split>()
  let others = false
  let labelledTraining = false
  for (const path of paths) {
    const folders = path.split('/').slice(0, -1)
    if (folders.length === 0) continue
    const split = splitOf(folders[0]!)
    if (!split) others = true
    else splits.add(split)
    if (split === 'train' && folders.length > 1) labelledTraining = true
  }
  return labelledTraining && (splits.size > 1 || !others) ? 'splits' : 'labels'
}

/**
 * Deeper folders say nothing: `cats/2019/june/1.jpg` is labelled 'cats'. Labels are in Unicode's composed form (NFC), since
 * macOS and archives write the same name in another.
 *
 * @param path relative to the root, forward slashes.
 * @returns null for an image that lies above the labels.
 */
export function placeOf(path: string, layout: Layout): Placement | null {
  const folders = path.split('/').slice(0, -1)
  if (layout === 'labels') return folders[0] === undefined ? null : { label: folders[0].normalize('NFC'), split: null }
  const split = splitOf(folders[0] ?? '')
  const label = folders[1]
  return split && label !== undefined ? { label: label.normalize('NFC'), split } : null
}
