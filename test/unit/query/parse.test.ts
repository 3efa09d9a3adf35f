import { describe, expect, it } from 'vitest'
import { StudioError } from '@shared/errors'
import { parseFilter } from '@shared/query/parse'
import { keysOf, type Filter } from '@shared/query/syntax'

/** The tree as a line: what joins what. */
function shown(filter: Filter | null): string {
  if (filter === null) return ''
  if (filter.type === 'text') return `text(${filter.text})`
  if (filter.type === 'not') return `not ${shown(filter.item)}`
  if (filter.type === 'compare') return `${filter.key.name} ${filter.operator} ${shownValue(filter.value)}`
  if (filter.type === 'in') return `${filter.key.name} in [${filter.values.map(shownValue).join(' ')}]`
  return `(${filter.items.map(shown).join(` ${filter.type} `)})`
}
const shownValue = ({ text, number, missing }: { text: string; number: number | null; missing: boolean }): string =>
  missing ? 'NONE' : number === null ? `'${text}'` : String(number)

describe('a filter', () => {
  it.each([
    ['', ''],
    ['   ', ''],
    ['preset = default and test.accuracy > .8', "(preset = 'default' and test.accuracy > 0.8)"],
    ['a = 1 or b = 2 and not c = 3', '(a = 1 or (b = 2 and not c = 3))'],
    ['(a=1 or b=2) and c=3', '((a = 1 or b = 2) and c = 3)'],
    ['tag:good', "tag = 'good'"],
    ['name ~ lite', "name ~ 'lite'"],
    ['name !~ "lite 0"', "name !~ 'lite 0'"],
    ['state in (completed, stopped)', "state in ['completed' 'stopped']"],
    ['seed not in (1,2)', 'not seed in [1 2]'],
    ['NOT a == 1 AND b <> 2', '(not a = 1 and b != 2)'],
    ['lite good', '(text(lite) and text(good))'],
    ['"two words" tag:x', "(text(two words) and tag = 'x')"],
    ['in', 'text(in)'],
    ['"and"', 'text(and)'],
    ['loss >= -1.5e-3', 'loss >= -0.0015'],
    ['test.accuracy > 80%', 'test.accuracy > 0.8'],
    ['seed = "3"', "seed = '3'"],
    ['test.accuracy = none', 'test.accuracy = NONE'],
    ['name = "none"', "name = 'none'"],
    ['"val/acc (top 1)" > 1', 'val/acc (top 1) > 1'],
    [String.raw`name = "say \"hi\" \\o/"`, String.raw`name = 'say "hi" \o/'`],
    ['name = wow!', "name = 'wow!'"],
    ['name!=x', "name != 'x'"],
    ['(((a)))', 'text(a)'],
    ['lr=1e999', "lr = '1e999'"],
    ['created > 2026-02-31', "created > '2026-02-31'"],
    ['größe ~ ü', "größe ~ 'ü'"]
  ])('%s', (text, tree) => {
    expect(shown(parseFilter(text))).toBe(tree)
  })

  it('takes a date as the beginning of that day, here', () => {
    expect(shown(parseFilter('created > 2026-01-31'))).toBe(`created > ${String(new Date(2026, 0, 31).getTime())}`)
    expect(shown(parseFilter('created > 2026-01-31T1430'))).toBe(
      `created > ${String(new Date(2026, 0, 31, 14, 30).getTime())}`
    )
  })

  it.each([
    ['a = ', 4, 4, 'missing'],
    ['a = )', 4, 5, 'missing'],
    ['(a = 1', 0, 1, 'not closed'],
    ['a = 1)', 5, 6, 'not expected'],
    ['a and', 5, 5, 'missing'],
    ['or a', 0, 2, 'between two conditions'],
    ['= 3', 0, 1, 'not expected'],
    ['name ~ "lite', 7, 12, 'no end'],
    ['state in (a b)', 12, 13, "',' or ')'"],
    ['state in (', 10, 10, 'missing'],
    ['state in ()', 10, 11, 'missing'],
    ['x > none', 4, 8, 'none'],
    ['('.repeat(200), 100, 101, 'deep']
  ])('%s is refused, with the place', (text, start, end, problem) => {
    const error = refusal(text)
    expect(error).toMatchObject({ code: 'query/invalid', details: { filter: text, start, end } })
    expect(error.message).toContain(problem)
    expect(error.message).toContain(start >= text.length ? 'at its end' : `at character ${String(start + 1)}`)
  })

  it('never fails with anything but a coded error, whatever is typed', () => {
    const pieces = [
      '(',
      ')',
      'and',
      'or',
      'not',
      'in',
      '=',
      '~',
      '!',
      '!=',
      ':',
      ',',
      '"',
      "'",
      '\\',
      'a',
      '1',
      ' ',
      'é'
    ]
    let state = 1
    const next = (): number => (state = (state * 48271) % 2147483647)
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: 1 + (next() % 12) }, () => pieces[next() % pieces.length]).join('')
      try {
        parseFilter(text)
      } catch (error) {
        expect(error).toBeInstanceOf(StudioError)
        const { start, end } = (error as StudioError).details as { start: number; end: number }
        expect(start).toBeLessThanOrEqual(end)
        expect(end).toBeLessThanOrEqual(text.length)
      }
    }
  })

  it('tells which keys it names', () => {
    const names = (text: string): string[] => keysOf(parseFilter(text)).map(({ name }) => name)
    expect(names('a = 1 and (not b in (1) or text) c ~ x')).toEqual(['a', 'b', 'c'])
    expect(names('')).toEqual([])
  })
})

function refusal(text: string): StudioError {
  try {
    parseFilter(text)
  } catch (error) {
    return error as StudioError
  }
  throw new Error(`'${text}' was taken`)
}
