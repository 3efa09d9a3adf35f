/** What every worker says in the same words. A worker's last message decides how its work ended; its exit code is only a hint. */
import { z } from 'zod'
import { errorDataSchema } from '../errors'

/** Which entry of main/workers a process runs. */
export const workerKindSchema = z.enum(['import', 'train', 'infer', 'runtime', 'models', 'doctor'])
export type WorkerKind = z.infer<typeof workerKindSchema>

/** Where the prepared TensorFlow runtime lies. Written by engine/runtime, passed to the workers that load it. */
export const runtimeLocationSchema = z.object({
  /** Folder that holds `lib/napi-v8/tfjs_binding.node` and `deps/lib/libtensorflow_cc.so.2`. */
  directory: z.string(),
  version: z.string(),
  flavour: z.enum(['cpu', 'gpu'])
})
export type RuntimeLocation = z.infer<typeof runtimeLocationSchema>

export const workerFailedSchema = z.object({ type: z.literal('failed'), error: errorDataSchema })
