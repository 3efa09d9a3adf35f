/** From the name of a key to where its values lie. */
import type Database from 'better-sqlite3'
import { isHigherBetter } from '@shared/domain/metric-direction'
import { seriesNameSchema } from '@shared/domain/run'
import { SERIES_VALUES, type SeriesValue } from '@shared/domain/run-query'
import { wellKnownKeys, type ValueGroup } from '@shared/domain/run-values'
import { invalidQuery } from '@shared/query/errors'
import { nearest } from '@shared/query/nearest'
import { keysOf, type Filter } from '@shared/query/syntax'

/** Columns of `run_series`: no name from outside ever becomes a part of a statement. */
export type SeriesColumn = 'last' | 'min' | 'max' | 'at_best'

export type Source =
  | { type: 'value'; keyId: number }
  | { type: 'series'; series: string; column: SeriesColumn }
  | { type: 'tag' }
  /** A key that no run has a value for. */
  | { type: 'nothing' }

/** Hops from name to name through the primary key. */
const SELECT_SERIES = `
  with recursive names (name) as (
    select min(series) from run_series
    union all
    select (select min(series) from run_series where series > names.name) from names where names.name is not null
  )
  select name from names where name is not null`

export interface KnownKey {
  id: number
  name: string
  group: ValueGroup
}

export interface Keys {
  /** Those that runs have, or had, values for; series apart. */
  values: KnownKey[]
  series: string[]
  source(key: string): Source
}

/** As they are now: another process may have added some. */
export function readKeys(sqlite: Database.Database): Keys {
  const values = sqlite.prepare<[], KnownKey>(`select id, name, kind as "group" from run_keys order by id`).all()
  const ids = new Map(values.map(({ name, id }) => [name, id]))
  const series = sqlite.prepare<[], string>(SELECT_SERIES).pluck().all()
  return {
    values,
    series,
    source: (key) => {
      if (key === 'tag') return { type: 'tag' }
      const keyId = ids.get(key)
      if (keyId !== undefined) return { type: 'value', keyId }
      const name = key.slice(key.indexOf('.') + 1)
      const value = SERIES_VALUES.find((one) => key === `${one}.${name}`)
      if (value && series.includes(name)) return { type: 'series', series: name, column: seriesColumn(name, value) }
      return { type: 'nothing' }
    }
  }
}

export function seriesColumn(series: string, value: SeriesValue): SeriesColumn {
  if (value === 'best') return isHigherBetter(series) ? 'max' : 'min'
  return value === 'atBest' ? 'at_best' : value
}

/** @throws StudioError query/invalid at the first key that means nothing, with the nearest one that does */
export function assertKnownKeys(filter: Filter | null, text: string, keys: Keys): void {
  const named = keysOf(filter)
  if (named.every(({ name }) => keys.source(name).type !== 'nothing')) return
  const known = everyKey(keys)
  for (const key of named) {
    if (known.includes(key.name)) continue
    const meant = nearest(key.name, known)
    throw invalidQuery(text, key, `there is no '${key.name}'${meant === null ? '' : `; did you mean '${meant}'?`}`)
  }
}

/** Every name that a filter may use. */
function everyKey({ values, series }: Keys): string[] {
  const ofSeries = [...new Set([...series, ...seriesNameSchema.options])].flatMap((name) =>
    SERIES_VALUES.map((value) => `${value}.${name}`)
  )
  return [...new Set(['tag', ...wellKnownKeys(), ...values.map(({ name }) => name), ...ofSeries])]
}
