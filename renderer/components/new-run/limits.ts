/** Between which values a setting may lie: read off the schema, so that the form says what the schema holds. */
import { z } from 'zod'
import { trainingConfigSchema } from '@shared/domain/training-config'

/** The part of a JSON Schema that limits a number. */
interface Node {
  properties?: Record<string, Node>
  anyOf?: Node[]
  type?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
}

const SCHEMA = z.toJSONSchema(trainingConfigSchema, { io: 'input' }) as Node

/** '0 to 0.9', 'above 0, at most 10', 'from 0'; null where the setting is no number or has no limits. */
export function limitsOf(key: string): string | null {
  let node: Node | undefined = SCHEMA
  for (const part of key.split('.')) node = node?.properties?.[part]
  const number = [node, ...(node?.anyOf ?? [])].find(
    (option) => option?.type === 'number' || option?.type === 'integer'
  )
  if (!number) return null
  const { minimum, exclusiveMinimum, maximum } = number
  const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (exclusiveMinimum !== undefined)
    return `above ${exclusiveMinimum}${upper === undefined ? '' : `, at most ${upper}`}`
  if (minimum === undefined) return null
  return upper === undefined ? `from ${minimum}` : `${minimum} to ${upper}`
}
