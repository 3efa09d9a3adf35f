/** A run as the infer worker needs it. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Backbone } from '@shared/domain/backbone'
import { preprocessingContractSchema } from '@shared/domain/preprocessing'
import type { Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { TrainedModel } from '@shared/worker-protocol/infer'

/**
 * A backbone of one's own can be corrected, or taken away and imported anew: what counts for a run is what it was trained on, and
 * its checkpoint says that.
 *
 * @param runsDirectory the folder that holds a folder for each run
 * @throws StudioError run/no-checkpoint, backbone/changed when the backbone has other weights than the run was trained on
 */
export async function trainedModel(run: Run, backbone: Backbone, runsDirectory: string): Promise<TrainedModel> {
  const checkpointFile = join(runsDirectory, run.id, 'checkpoint.safetensors')
  const trained = await readMetadata(checkpointFile).catch((cause: unknown) => {
    throw new StudioError('run/no-checkpoint', `'${run.name}' has no checkpoint.`, { runId: run.id }, { cause })
  })
  if (trained?.backboneWeightsHash && trained.backboneWeightsHash !== backbone.weightsHash) {
    const message = `'${run.name}' was trained on other weights than '${backbone.name}' has now.`
    throw new StudioError('backbone/changed', message, { runId: run.id, backboneId: backbone.id })
  }
  return {
    runId: run.id,
    runName: run.name,
    backboneId: run.config.backboneId,
    classes: run.classes,
    contract: run.config.contract ?? trained?.contract ?? backbone.contract,
    checkpointFile,
    temperature: run.calibration?.temperature ?? 1
  }
}

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    context.addIssue('not JSON')
    return z.NEVER
  }
})
const metadataSchema = z.object({
  backboneWeightsHash: z.string().optional(),
  contract: json.pipe(preprocessingContractSchema).optional()
})
const headerSchema = json.pipe(z.object({ __metadata__: metadataSchema }))

/** More than any checkpoint of ours has. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024

/** Null when the file does not say: whoever reads its tensors will tell what is wrong with it. @throws when there is no file */
async function readMetadata(file: string): Promise<z.infer<typeof metadataSchema> | null> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0)
    const length = bytesRead === 8 ? Number(buffer.readBigUInt64LE()) : 0
    if (length === 0 || length > MAX_HEADER_BYTES) return null
    const header = await handle.read(Buffer.alloc(length), 0, length, 8)
    const parsed = headerSchema.safeParse(header.buffer.toString('utf8'))
    return parsed.success ? parsed.data.__metadata__ : null
  } finally {
    await handle.close()
  }
}
