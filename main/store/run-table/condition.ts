/** From a filter to a condition on `r.key`, the key of a run. Each comparison finds its runs by an index. */
import { invalidQuery } from '@shared/query/errors'
import type { Filter, Key, Operator, Value } from '@shared/query/syntax'
import type { Keys, SeriesColumn, Source } from './keys'

/** A piece of SQL with the values of its question marks. */
export interface Sql {
  text: string
  parameters: unknown[]
}

export const sqlOf = (text: string, ...parameters: unknown[]): Sql => ({ text, parameters })

export function joined(pieces: readonly Sql[], between: string): Sql {
  return {
    text: pieces.map(({ text }) => `(${text})`).join(between),
    parameters: pieces.flatMap(({ parameters }) => parameters)
  }
}

const negated = ({ text, parameters }: Sql): Sql => ({ text: `not (${text})`, parameters })
const among = (select: string, ...parameters: unknown[]): Sql => sqlOf(`r.key in (${select})`, ...parameters)

type Comparison = '=' | '<' | '<=' | '>' | '>='

/** @param text the filter as it was written, for errors. @throws StudioError query/invalid, with the place */
export function toCondition(filter: Filter, text: string, keys: Keys): Sql {
  const convert = (part: Filter): Sql => {
    if (part.type === 'text') {
      return among('select run_key from run_words where instr(text, ?) > 0', part.text.toLowerCase())
    }
    if (part.type === 'not') return negated(convert(part.item))
    if (part.type === 'in') {
      return joined(
        part.values.map((value) => compare(part.key, '=', value)),
        ' or '
      )
    }
    if (part.type === 'compare') return compare(part.key, part.operator, part.value)
    return joined(part.items.map(convert), ` ${part.type} `)
  }
  const compare = (key: Key, operator: Operator, value: Value): Sql => {
    const source = keys.source(key.name)
    // What has no value is different from any value.
    if (operator === '!=') return negated(compare(key, '=', value))
    if (operator === '!~') return negated(compare(key, '~', value))
    if (value.missing) return negated(present(source))
    if (source.type === 'nothing') return sqlOf('0')
    if (source.type === 'tag') return compareTag(operator, value)
    if (source.type === 'value') return compareValue(source.keyId, operator, value)
    if (value.number === null || operator === '~') {
      const problem = value.number === null ? `'${value.text}' is no number` : `'~' looks for a part of a text`
      throw invalidQuery(text, value, `${problem}, and '${key.name}' is a number`)
    }
    return compareSeries(source.series, source.column, operator, value.number)
  }
  const compareTag = (operator: Comparison | '~', value: Value): Sql => {
    if (operator === '=') return among('select run_key from run_tags where tag = ?', value.text)
    if (operator !== '~') throw invalidQuery(text, value, `a tag is compared with '=', '!=' or '~'`)
    return among('select run_key from run_tags where instr(fold(tag), ?) > 0', value.text.toLowerCase())
  }
  return convert(filter)
}

function present(source: Source): Sql {
  if (source.type === 'nothing') return sqlOf('0')
  if (source.type === 'tag') return among('select run_key from run_tags')
  if (source.type === 'value') return among('select run_key from run_values where key_id = ?', source.keyId)
  return among(`select run_key from run_series where series = ? and ${source.column} is not null`, source.series)
}

const compareSeries = (series: string, column: SeriesColumn, operator: Comparison, number: number): Sql =>
  among(`select run_key from run_series where series = ? and ${column} ${operator} ?`, series, number)

function compareValue(keyId: number, operator: Comparison | '~', { text, number }: Value): Sql {
  const values = 'select run_key from run_values where key_id = ? and'
  if (operator === '~') {
    return among(`${values} text is not null and instr(fold(text), ?) > 0`, keyId, text.toLowerCase())
  }
  const byText = among(`${values} text ${operator} ?`, keyId, text)
  if (number === null) return byText
  const byNumber = among(`${values} number ${operator} ?`, keyId, number)
  // A run may be named '3'; but '9' is not less than '10' in any other sense than that of numbers.
  return operator === '=' ? joined([byNumber, byText], ' or ') : byNumber
}
