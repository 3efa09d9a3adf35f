/** The one declared error of every method: a StudioError as plain data. */
import { oc } from '@orpc/contract'
import { errorDataSchema } from '../errors'

export const procedure = oc.errors({ STUDIO: { status: 422, data: errorDataSchema } })
