/** A StudioError as an HTTP answer. */
import type { ErrorCode, StudioError } from '@shared/errors'

const STATUS: Partial<Record<ErrorCode, number>> = {
  'request/forbidden': 403,
  'image/not-found': 404,
  'upload/too-large': 413,
  internal: 500
}

export function errorResponse(error: StudioError, status = STATUS[error.code] ?? 422): Response {
  return Response.json({ error: error.toData() }, { status })
}
