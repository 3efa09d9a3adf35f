import { StudioError } from '@shared/errors'

/** @throws StudioError usage/invalid */
export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new StudioError('usage/invalid', `'${text}' is not a port: give a number up to 65535.`)
}
