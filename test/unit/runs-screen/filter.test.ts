import { describe, expect, it } from 'vitest'
import { parseFilter } from '@shared/query/parse'
import { toErrorData, type ErrorData } from '@shared/errors'
import { complete, completions, type CompletionSource } from '../../../renderer/components/runs/filter-completion'
import { errorPlace } from '../../../renderer/components/runs/filter-error'
import {
  allOf,
  condition,
  facetConditions,
  toggleFacet,
  valueText
} from '../../../renderer/components/runs/filter-text'

const source: CompletionSource = {
  keys: [
    { key: 'preset', label: 'Preset' },
    { key: 'test.accuracy', label: 'Test acc.' },
    { key: 'head.learningRate', label: 'Head · learning rate' },
    { key: 'state', label: 'State' }
  ],
  valuesOf: (key) => (key === 'preset' ? ['default', 'bit'] : key === 'state' ? ['completed', 'failed'] : [])
}
const offered = (text: string): string[] => completions(text, text.length, source).list.map((one) => one.text)

describe('what can be typed next', () => {
  it('is a key, by its beginning, by its last part, by its name', () => {
    expect(offered('')).toEqual(['preset', 'test.accuracy', 'head.learningRate', 'state'])
    expect(offered('pre')).toEqual(['preset'])
    expect(offered('learn')).toEqual(['head.learningRate'])
    expect(offered('acc')).toEqual(['test.accuracy'])
    expect(offered('not sta')).toEqual(['state'])
    expect(offered('(tes')).toEqual(['test.accuracy'])
  })

  it('is an operator after a key, a value after an operator, a joint after a value', () => {
    expect(offered('preset ')).toContain('=')
    expect(offered('preset = ')).toEqual(['default', 'bit'])
    expect(offered('preset = b')).toEqual(['bit'])
    expect(offered('preset = default ')).toEqual(['and', 'or'])
    expect(offered('preset = default a')).toContain('and')
    expect(offered('preset = default and sta')).toEqual(['state'])
  })

  it('is a value within a list, and nothing within a quotation', () => {
    expect(offered('state in (')).toEqual(['completed', 'failed'])
    expect(offered('state not in (completed, f')).toEqual(['failed'])
    expect(offered('state in (completed) ')).toEqual(['and', 'or'])
    expect(offered('name ~ "pre')).toEqual([])
  })

  it('is put in where the caret is, what stands behind it kept', () => {
    const found = completions('pre and state = failed', 3, source)
    expect(complete('pre and state = failed', found, found.list[0]!)).toEqual({
      text: 'preset and state = failed',
      caret: 7
    })
    const list = completions('state i', 7, source)
    const choice = list.list.find(({ text }) => text === 'in (')!
    expect(complete('state i', list, choice)).toEqual({ text: 'state in (', caret: 10 })
  })
})

describe('conditions as text', () => {
  it('are read back as they were meant', () => {
    for (const value of ['plain', 'with space', 'a "quoted" one', 'back\\slash', 'and', 'none', '3', 'ü-ß']) {
      expect(parseFilter(condition('preset', [value]))).toMatchObject({
        type: 'compare',
        operator: '=',
        value: { text: value, missing: false, number: null }
      })
    }
    expect(valueText(0.001)).toBe('0.001')
    expect(parseFilter(condition('head.learningRate', [1e-5]))).toMatchObject({ value: { number: 1e-5 } })
    expect(parseFilter(condition('device', [null]))).toMatchObject({ value: { missing: true } })
    expect(parseFilter(condition('odd (key)', ['x']))).toMatchObject({ key: { name: 'odd (key)' } })
  })

  it('join what was typed without changing what it means', () => {
    const chosen = toggleFacet(toggleFacet({}, 'state', 'completed'), 'state', 'failed')
    const whole = allOf('preset = a or preset = b', facetConditions(chosen))
    expect(whole).toBe('(preset = a or preset = b) and state in (completed, failed)')
    expect(parseFilter(whole)).toMatchObject({ type: 'and', items: [{ type: 'or' }, { type: 'in' }] })
    expect(allOf('  ', [])).toBe('')
    // Typed alone, it goes as it is: places in an error are places on the screen.
    expect(allOf('preset = a', [])).toBe('preset = a')
    expect(toggleFacet(chosen, 'state', 'completed')).toEqual({ state: ['failed'] })
    expect(toggleFacet({ state: ['failed'] }, 'state', 'failed')).toEqual({})
  })
})

describe('the place of an error', () => {
  const errorOf = (text: string): ErrorData => {
    try {
      parseFilter(text)
    } catch (error) {
      return toErrorData(error)
    }
    throw new Error('It can be read.')
  }

  it('is where the text is wrong', () => {
    const text = 'preset = default and (state = failed'
    const { start, end } = errorPlace(errorOf(text), text)!
    expect(text.slice(start, end)).toBe('(')
    expect(errorPlace(errorOf('preset ='), 'preset =')).toEqual({ start: 8, end: 8 })
  })

  it('is nowhere once something else is typed', () => {
    expect(errorPlace(errorOf('preset ='), 'preset = a')).toBeNull()
    expect(errorPlace({ code: 'run/not-found', message: '', hint: '' } as ErrorData, 'x')).toBeNull()
  })
})
