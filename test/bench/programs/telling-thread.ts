/** The other end of TellingHost: tells points at a rate, as often as a train worker does, then ends. */
import { parentPort, workerData } from 'node:worker_threads'
import type { FakeProcess } from '../../fixtures/fake-worker-host'
import { readJob, sendBeginning, sendEnd } from '../../fixtures/train-script'
import type { Telling } from './telling-host'

const SERIES = ['train_loss', 'train_accuracy', 'learning_rate', 'images_per_second', 'rss_bytes']
const TELL_MS = 100
const STEPS_PER_EPOCH = 500

const { rate, seconds } = workerData as Telling
const stepsPerMs = rate / SERIES.length / 1000

function tell(worker: FakeProcess, end: () => void): void {
  const began = performance.now()
  let step = 0
  const timer = setInterval(() => {
    const elapsed = Math.min(performance.now() - began, seconds * 1000)
    const points = []
    while (step < elapsed * stepsPerMs) {
      step++
      const at = { step, epoch: step / STEPS_PER_EPOCH, timeMs: elapsed }
      for (const series of SERIES) points.push({ series, ...at, value: Math.exp(-step / 1000) })
      if (step % STEPS_PER_EPOCH !== 0) continue
      const epoch = step / STEPS_PER_EPOCH
      points.push({ series: 'validation_loss', ...at, value: 1 / epoch })
      const best = { epoch, validationLoss: 1 / epoch, validationAccuracy: 0.5 }
      worker.send({ type: 'epoch', epochsDone: epoch, best })
    }
    worker.send({ type: 'points', points })
    const progress = { phase: 'head', done: step, total: 100_000, etaSeconds: null, imagesPerSecond: null }
    worker.send({ type: 'progress', progress })
    if (elapsed < seconds * 1000) return
    clearInterval(timer)
    end()
  }, TELL_MS)
}

parentPort!.on('message', ({ id, message }: { id: number; message: Record<string, unknown> }) => {
  if (message['type'] !== 'start') return
  const worker: FakeProcess = {
    kind: 'train',
    ended: false,
    send: (told) => parentPort!.postMessage({ id, message: told }),
    exit: () => parentPort!.postMessage({ id, message: null })
  }
  sendBeginning(worker)
  // Workers are not in step with one another.
  setTimeout(() => tell(worker, () => void sendEnd(worker, readJob(message))), TELL_MS * Math.random())
})
