/** What is fetched rather than called: pictures of imported datasets, and files on their way to the core. */
import { z } from 'zod'
import { errorDataSchema, StudioError } from '@shared/errors'
import { unreachable } from './errors'

/** Addresses of an image's pictures, the same through both doors. */
export const mediaUrl = {
  /** Small JPEG or PNG made at import. */
  thumb: (imageId: number): string => `/media/thumb/${imageId}`,
  /** The picture itself, in a format that a browser shows. */
  image: (imageId: number): string => `/media/image/${imageId}`
}

const uploadSchema = z.object({ uploadId: z.string() })
const failureSchema = z.object({ error: errorDataSchema })

/**
 * Hands a file to the core, which keeps it for a while.
 *
 * @returns its id, for `api.predictions.image`
 * @throws StudioError upload/too-large, request/unreachable
 */
export async function upload(file: File): Promise<string> {
  const response = await fetch('/upload', {
    method: 'POST',
    headers: {
      'content-type': file.type || 'application/octet-stream',
      'x-file-name': encodeURIComponent(file.name)
    },
    // Its bytes rather than the file: Electron does not hand a page's blobs to a scheme of the program's own.
    body: await file.arrayBuffer()
  }).catch((error: unknown) => {
    throw unreachable(error)
  })
  const body: unknown = await response.json().catch(() => null)
  const answer = uploadSchema.safeParse(body)
  if (response.ok && answer.success) return answer.data.uploadId
  const failure = failureSchema.safeParse(body)
  if (failure.success) throw StudioError.fromData(failure.data.error)
  throw new StudioError('internal', `The studio did not take ${file.name} (status ${response.status}).`)
}
