/** A head that learns on features that lie on disk, and on the same in memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import type { TrainingConfig } from '@shared/domain/training-config'
import { createRandom } from '@shared/random'
import { openFeatureCache, type FeatureSpace } from '../../../main/engine/data/feature-cache'
import type { CachedRows } from '../../../main/engine/data/cached-rows'
import { selectRows, type FeatureValues } from '../../../main/engine/data/feature-rows'
import type { FeatureSet } from '../../../main/engine/training/head-data'
import { findHeadRuntime, openHeadSessions, shapeOfHead } from '../../../main/engine/training/head-sessions'
import { openProducts } from '../../../main/engine/training/logistic/products'
import { trainHead } from '../../../main/engine/training/train-head'
import type { PreprocessingContract } from '../../../shared/domain/preprocessing'

const ROWS = 9000
const WIDTH = 6
const CLASSES = 3
const runtime = findHeadRuntime()

let directory: string
let stored: CachedRows
let held: Float32Array
const labels = Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES)

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'stored-features-'))
  const random = createRandom(3)
  held = Float32Array.from({ length: ROWS * WIDTH }, (_, place) => {
    const label = labels[Math.floor(place / WIDTH)]!
    return 4 + (place % WIDTH === label ? 1.5 : 0) + random.normal()
  })
  const contract = { size: 8 } as PreprocessingContract
  const space: FeatureSpace = { contract, weightsHash: 'w', cutNode: 'pool', width: WIDTH }
  const hashes = Array.from({ length: ROWS }, (_, row) => `hash ${row}`)
  // In two files, and the odd rows before the even ones.
  for (const parity of [1, 0]) {
    const cache = await openFeatureCache(directory, space)
    const rows = Int32Array.from({ length: ROWS / 2 }, (_, place) => 2 * place + parity)
    await cache.append(
      Array.from(rows, (row) => hashes[row]!),
      selectRows(held, WIDTH, rows) as Float32Array
    )
    await cache.close()
  }
  const cache = await openFeatureCache(directory, space)
  stored = cache.rows(hashes)
  await cache.close()
})
afterAll(() => {
  stored.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Five in six to train on. */
function sets(values: FeatureValues): { train: FeatureSet<FeatureValues>; validation: FeatureSet<FeatureValues> } {
  const of = (validates: boolean): FeatureSet<FeatureValues> => {
    const rows = Int32Array.from([...labels.keys()].filter((row) => (row % 6 === 0) === validates))
    return { values: selectRows(values, WIDTH, rows), width: WIDTH, labels: rows.map((row) => labels[row]!) }
  }
  return { train: of(false), validation: of(true) }
}

async function head(values: FeatureValues, changes: Partial<TrainingConfig['head']>) {
  const base = presetConfig('default', 'head')
  const config = { ...base, head: { ...base.head, ...changes } }
  const reporter = { onStart: () => undefined, onStep: () => undefined, onEpoch: () => undefined }
  const signal = new AbortController().signal
  return (await trainHead({ runtime, ...sets(values), classes: CLASSES, config, reporter, signal }))!
}

test('by gradients it is the same head, bit for bit', async () => {
  const settings = { method: 'gradient', epochs: 2, scaling: 'center' } as const
  const [onDisk, inMemory] = [await head(stored, settings), await head(held, settings)]
  expect(onDisk).toEqual(inMemory)
  expect(onDisk.best.validationAccuracy).toBeGreaterThan(1.3 / CLASSES)
})

test('solved to its optimum it is the same head but for rounding', async () => {
  const settings = { method: 'lbfgs', penalty: 1, scaling: 'center' } as const
  const [onDisk, inMemory] = [await head(stored, settings), await head(held, settings)]
  expect(onDisk.best.validationLoss).toBeCloseTo(inMemory.best.validationLoss, 4)
  inMemory.head.kernel.forEach((weight, place) => expect(onDisk.head.kernel[place]).toBeCloseTo(weight, 2))
})

test('products and predictions in blocks are those of the whole', async () => {
  const random = createRandom(8)
  const numbers = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal())
  const [kernel, residuals] = [numbers(CLASSES * WIDTH), numbers(CLASSES * ROWS)]
  const products = await Promise.all(
    [stored, held].map((values) => openProducts(runtime, { values, width: WIDTH, labels }, CLASSES))
  )
  const [scores, same] = await Promise.all(products.map((product) => product.scores(kernel)))
  expect(scores!.length).toBe(CLASSES * ROWS)
  scores!.forEach((score, place) => expect(Math.abs(score - same![place]!)).toBeLessThan(1e-4))
  const [gradient, whole] = await Promise.all(products.map((product) => product.gradient(residuals)))
  gradient!.forEach((sum, place) => expect(sum).toBeCloseTo(whole![place]!, 1))
  for (const product of products) await product.dispose()

  const weights = { kernel, bias: numbers(CLASSES), classes: CLASSES }
  const sessions = await openHeadSessions(runtime, shapeOfHead(weights))
  expect(await sessions.predict(weights, stored)).toEqual(await sessions.predict(weights, held))
  await sessions.dispose()
})
