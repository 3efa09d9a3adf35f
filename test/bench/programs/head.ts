/** Whetstone's time to train a head on features of random clusters. Arguments: images, features, classes, epochs. */
import { trainingConfigSchema } from '../../../shared/domain/training-config'
import { createRandom } from '../../../shared/random'
import { findHeadRuntime } from '../../../main/engine/training/head-sessions'
import { trainHead } from '../../../main/engine/training/train-head'
import { serveLines } from './serve-lines'

async function main(numbers: string[]): Promise<void> {
  const [images, features, classes, epochs] = numbers.map(Number) as [number, number, number, number]
  const random = createRandom(1)
  const centres = Float32Array.from({ length: classes * features }, () => random.normal())
  const draw = (count: number) => {
    const labels = Int32Array.from({ length: count }, (_, row) => row % classes)
    const values = Float32Array.from({ length: count * features }, (_, place) => {
      const label = labels[Math.floor(place / features)]!
      return Math.max(0, centres[label * features + (place % features)]! + 2 * random.normal())
    })
    return { values, width: features, labels }
  }
  const [train, validation] = [draw(images), draw(Math.round(images / 5))]
  const base = trainingConfigSchema.parse({})
  const config = {
    ...base,
    head: { ...base.head, method: 'gradient' as const, epochs },
    earlyStopping: { ...base.earlyStopping, enabled: false }
  }
  const runtime = findHeadRuntime()
  const reporter = { onStart: () => undefined, onStep: () => undefined, onEpoch: () => undefined }
  await serveLines(async () => {
    const start = performance.now()
    const signal = new AbortController().signal
    const result = await trainHead({ runtime, train, validation, classes, config, reporter, signal })
    return { seconds: (performance.now() - start) / 1000, accuracy: result!.best.validationAccuracy }
  })
}

void main(process.argv.slice(2))
