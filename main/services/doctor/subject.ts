/** What the doctor is given of a configuration: its dataset, its backbone, the machine, and what else there is to choose. */
import type { Backbone } from '@shared/domain/backbone'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import type { DoctorJob, Rival } from '@shared/worker-protocol/doctor'
import type { RunContext } from '../runs/context'
import { assertStartable, readData, type Startable } from '../runs/preflight'
import { rehearsalJob } from '../runs/rehearsal'
import type { RunsService } from '../runs/runs'
import { featureKey, readSpeeds } from '../runs/speeds'
import { assertTrainable } from '../runs/train-job'

export type DoctorContext = Pick<
  RunContext,
  'store' | 'host' | 'jobs' | 'backbone' | 'compute' | 'paths' | 'isAlive' | 'log'
> & {
  backbones(): Promise<Backbone[]>
  thumbnails: string
  runs: RunsService
}

/** What keeps a run from starting, but not the doctor from looking at it: it is what he finds. */
const EXAMINABLE = ['backbone/not-trainable', 'runtime/not-ready', 'device/no-bfloat16', 'device/no-int8']

/** @throws StudioError dataset/*, backbone/not-found, runtime/not-ready for a backbone that nothing else runs */
export async function prepareDoctorJob(
  context: DoctorContext,
  datasetId: string,
  config: TrainingConfig
): Promise<DoctorJob> {
  await context.compute.known()
  const subject = await startable(context, datasetId, config)
  const train = await rehearsalJob(context, subject, config, 'doctor')
  const { cpu, gpu, ladder, why, runtime, frozen } = context.compute.report()
  const speeds = await readSpeeds(context.store.facts)
  const { backbone } = subject
  const measured = speeds[featureKey(backbone.id, train.contract.size, frozen)]
  const rivals = (await context.backbones()).filter(({ id }) => id !== backbone.id)
  return {
    train,
    device: { cpu, gpu, ladder, frozen, why, runtime },
    rivals: rivals.filter(({ provenance }) => provenance?.how !== 'random').map(rivalOf),
    msPerImage: measured === undefined ? (backbone.speed?.msPerImage ?? null) : measured * 1000,
    thumbnailDirectory: context.thumbnails
  }
}

async function startable(context: DoctorContext, datasetId: string, config: TrainingConfig): Promise<Startable> {
  try {
    return await assertStartable(context, datasetId, config)
  } catch (error) {
    if (!(error instanceof StudioError) || !EXAMINABLE.includes(error.code)) throw error
    const backbone = await context.backbone(config.backboneId)
    if (backbone.form === 'saved-model' && !context.compute.runtime()) throw error
    const data = await readData(context, datasetId)
    assertTrainable(data)
    return { ...data, backbone }
  }
}

const rivalOf = ({ id, name, form, trainable, provenance, multiplyAdds, speed }: Backbone): Rival => ({
  id,
  name,
  form,
  trainable,
  architecture: provenance?.architecture ?? null,
  multiplyAdds,
  msPerImage: speed?.msPerImage ?? null
})
