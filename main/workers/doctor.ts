/** The doctor's worker: one process for one diagnosis. */
import { readFile } from 'node:fs/promises'
import {
  doctorJobSchema,
  doctorRequestSchema,
  examinedRunSchema,
  type DoctorMessage,
  type DoctorRequest
} from '@shared/worker-protocol/doctor'
import { runPreflight } from '../engine/diagnosis/preflight'
import { diagnoseRun } from '../engine/diagnosis/run/diagnose-run'
import { openChannel } from './channel'

const channel = openChannel<DoctorRequest, DoctorMessage>(doctorRequestSchema)
const stop = new AbortController()

channel.onRequest(async (request) => {
  if (request.type === 'stop') return stop.abort()
  const job: unknown = JSON.parse(await readFile(request.jobFile, 'utf8'))
  const diagnosis =
    request.type === 'preflight'
      ? await runPreflight(doctorJobSchema.parse(job), channel.send, stop.signal)
      : await diagnoseRun(examinedRunSchema.parse(job), channel.send, stop.signal)
  channel.send({ type: 'finished', diagnosis })
  channel.close()
})
