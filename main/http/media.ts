/** Pictures of imported datasets, by the id of the image: no path crosses here, so none can lead astray. */
import { Hono, type Context } from 'hono'
import { StudioError } from '@shared/errors'
import type { Studio } from '../studio'
import { fileResponse } from './file-response'

/** An id stands for one path with one content, so that what was fetched once stays true. */
const CACHED = 'private, max-age=31536000, immutable'

/** What browsers show of what the studio reads; of the rest the thumbnail is served. */
const SHOWN: Record<string, string> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  avif: 'image/avif'
}

export function mediaRoutes(studio: Studio): Hono {
  const thumbnail = async (imageId: number): Promise<Response> => {
    const path = await studio.datasets.thumbnailFile(imageId)
    return sent(path, 'image/webp', imageId)
  }
  const routes = new Hono()
  routes.get('/thumb/:imageId', (context) => thumbnail(idOf(context)))
  routes.get('/image/:imageId', async (context) => {
    const imageId = idOf(context)
    const { path, format } = await studio.datasets.imageFile(imageId)
    const type = SHOWN[format]
    return type ? sent(path, type, imageId) : thumbnail(imageId)
  })
  return routes
}

async function sent(path: string, type: string, imageId: number): Promise<Response> {
  const response = await fileResponse(path, { 'content-type': type, 'cache-control': CACHED })
  if (!response) throw new StudioError('image/not-found', `The file of image ${imageId} is not there.`, { imageId })
  return response
}

function idOf(context: Context): number {
  const text = context.req.param('imageId') ?? ''
  if (!/^\d{1,15}$/.test(text)) throw new StudioError('image/not-found', `There is no image '${text}'.`)
  return Number(text)
}
