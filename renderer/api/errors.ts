/** Whatever a call threw, as the one kind of error that the screens know. */
import { ORPCError } from '@orpc/client'
import { errorDataSchema, StudioError, toErrorData } from '@shared/errors'

/**
 * - An error that the contract declares arrives as plain data and becomes the StudioError it was.
 * - A call that never reached the core (fetch failed, the port closed) becomes `request/unreachable`.
 * - An abort stays an abort: its caller asked for it.
 */
export function toStudioError(error: unknown): Error {
  if (error instanceof StudioError || isAbort(error)) return error as Error
  if (error instanceof ORPCError) {
    const declared = errorDataSchema.safeParse(error.data)
    if (declared.success) return StudioError.fromData(declared.data)
    if (error.status === 401 || error.status === 403) {
      return new StudioError('request/forbidden', 'The studio did not accept this page.')
    }
    return new StudioError('internal', `The studio could not answer: ${error.message}.`, { code: error.code })
  }
  if (isUnreachable(error)) return unreachable(error)
  const { message, details } = toErrorData(error)
  return new StudioError('internal', message, details, { cause: error })
}

export const unreachable = (cause?: unknown): StudioError =>
  new StudioError('request/unreachable', 'The studio does not answer.', {}, { cause })

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'

/** What fetch throws without a network differs by browser; what the port's peer throws is told by its words. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) return true
  return error instanceof Error && /peer was closed|stream ended|terminated|network error/i.test(error.message)
}
