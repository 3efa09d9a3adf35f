/** Program of a thread that makes training examples: decodes or reads, augments and normalises one picture at a time. */
import { parentPort, workerData } from 'node:worker_threads'
import { toErrorData, type ErrorData } from '../../../shared/errors.ts'
import { ExampleMaker, type Example, type ExampleSettings, type ExampleTask } from '../data/example.ts'

export type AugmentThreadCall = { id: number; task: ExampleTask } | 'close'
export type AugmentThreadAnswer = { id: number; example: Example } | { id: number; error: ErrorData }

const port = parentPort!
const maker = new ExampleMaker(workerData as ExampleSettings)

port.on('message', (call: AugmentThreadCall) => {
  if (call === 'close') {
    maker.close()
    port.close()
    return
  }
  const { id, task } = call
  maker.make(task).then(
    (example) => port.postMessage({ id, example } satisfies AugmentThreadAnswer, [example.values.buffer]),
    (error) => port.postMessage({ id, error: toErrorData(error) } satisfies AugmentThreadAnswer)
  )
})
