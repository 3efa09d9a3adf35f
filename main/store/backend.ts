/** All queries on one connection, as the store's thread serves them. */
import type { Connection } from './database'
import { adviceQueries } from './queries/advice'
import { curveQueries } from './queries/curves'
import { datasetQueries } from './queries/datasets'
import { evaluationQueries } from './queries/evaluation'
import { explanationQueries } from './queries/explanations'
import { factQueries } from './queries/facts'
import { imageQueries } from './queries/images'
import { importQueries } from './queries/imports'
import { metricQueries } from './queries/metrics'
import { predictionQueries } from './queries/predictions'
import { shelfQueries } from './queries/run-shelf'
import { runTableQueries } from './queries/run-table'
import { runQueries } from './queries/runs'
import { storeError } from './sqlite-errors'

function createBackend(connection: Connection) {
  return {
    datasets: { ...datasetQueries(connection), ...imageQueries(connection), ...importQueries(connection) },
    runs: {
      ...runQueries(connection),
      ...shelfQueries(connection),
      ...runTableQueries(connection),
      ...metricQueries(connection),
      ...curveQueries(connection),
      ...predictionQueries(connection),
      ...evaluationQueries(connection)
    },
    explanations: explanationQueries(connection),
    advice: adviceQueries(connection),
    facts: factQueries(connection)
  }
}

export type Backend = ReturnType<typeof createBackend>
export type Area = keyof Backend

export interface StoreCall {
  area: Area
  method: string
  args: unknown[]
}

/** Answers calls one at a time, in the order they came. */
export type Dispatcher = (call: StoreCall) => Promise<unknown>

/**
 * One call after the other: there is one connection, and a transaction that waits between two statements must not take in
 * the statements of another call. What SQLite throws leaves as a StudioError.
 */
export function createDispatcher(connection: Connection): Dispatcher {
  const backend = createBackend(connection)
  let last: Promise<unknown> = Promise.resolve()

  const answer = async ({ area, method, args }: StoreCall): Promise<unknown> => {
    const methods = backend[area] as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
    if (!Object.hasOwn(methods, method)) throw new Error(`The store has no ${area}.${method}.`)
    try {
      return await methods[method]!(...args)
    } catch (error) {
      throw storeError(error, connection.file)
    }
  }

  return (call) => {
    const next = last.then(() => answer(call))
    last = next.catch(() => undefined)
    return next
  }
}

/** Writes what is in the log into the file and lets go of it. */
export function closeConnection({ sqlite }: Connection): void {
  if (sqlite.open) sqlite.close()
}
