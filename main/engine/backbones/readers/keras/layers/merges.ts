/** Layers of several inputs, and arithmetic with numbers. */
import { z } from 'zod'
import { asMap } from '../../as-map'
import { pushAffine, pushMultiply } from '../../fuse'
import {
  inputs,
  lastAxisOnly,
  settings,
  unsupported,
  type Converter,
  type LayerSite,
  type Operand
} from '../layer-site'

export type Arithmetic = 'add' | 'subtract' | 'multiply' | 'divide'

/** a ∘ b, where one of them may be a number or one for each channel. */
export function arithmetic(site: LayerSite, kind: Arithmetic, left: Operand, right: Operand): string {
  const { draft, name } = site
  if ('value' in left && 'value' in right) return between(site, kind, left.value, right.value)
  const affine = (input: string, scale: number[], offset: number[]): string =>
    pushAffine(draft, name, input, scale, offset)
  if ('value' in left && 'numbers' in right) {
    const { numbers } = right
    if (kind === 'add') return affine(left.value, [1], numbers)
    if (kind === 'subtract')
      return affine(
        left.value,
        [1],
        numbers.map((value) => -value)
      )
    return affine(left.value, kind === 'multiply' ? numbers : numbers.map((value) => 1 / value), [0])
  }
  if ('numbers' in left && 'value' in right) {
    if (kind === 'add') return affine(right.value, [1], left.numbers)
    if (kind === 'subtract') return affine(right.value, [-1], left.numbers)
    if (kind === 'multiply') return affine(right.value, left.numbers, [0])
  }
  throw unsupported(site, `${kind} of these operands is not supported`)
}

function between(site: LayerSite, kind: Arithmetic, left: string, right: string): string {
  const { draft, name } = site
  if (kind === 'multiply') return product(site, [left, right])
  if (kind === 'add') return draft.push({ name, op: 'add', inputs: [left, right] })
  if (kind === 'divide') throw unsupported(site, 'division by a value of the network is not supported')
  const minus = draft.freeName(`${name}/minus`)
  draft.push({ name: minus, op: 'affine', input: right, scale: [-1], offset: [0] })
  return draft.push({ name, op: 'add', inputs: [left, minus] })
}

/** A vector gates a map as a map of one pixel. */
function product(site: LayerSite, values: string[]): string {
  const { draft, name } = site
  const maps = values.some((value) => draft.shape(value).length === 3)
  const factors = values.map((value) => {
    if (!maps || draft.shape(value).length === 3) return value
    const map = asMap(draft, value, draft.freeName(`${name}/gate`))
    if (map === null) throw unsupported(site, 'a vector that multiplies a map is not supported here')
    return map
  })
  return pushMultiply(draft, name, factors)
}

const add: Converter = (site) => site.draft.push({ name: site.name, op: 'add', inputs: inputs(site) })
const multiply: Converter = (site) => product(site, inputs(site))

const subtract: Converter = (site) => {
  const [left, right, ...more] = inputs(site)
  if (left === undefined || right === undefined || more.length > 0) throw unsupported(site, 'it needs two inputs')
  return between(site, 'subtract', left, right)
}

const average: Converter = (site) => {
  const { draft, name } = site
  const values = inputs(site)
  const sum = draft.push({ name: draft.freeName(`${name}/sum`), op: 'add', inputs: values })
  return draft.push({ name, op: 'affine', input: sum, scale: [1 / values.length], offset: [0] })
}

export const concatenate: Converter = (site) => {
  const values = inputs(site)
  const { axis } = settings(site, z.object({ axis: z.int().default(-1) }))
  lastAxisOnly(site, axis)
  return site.draft.push({ name: site.name, op: 'concat', inputs: values })
}

export const MERGES: [string, Converter][] = [
  ['Add', add],
  ['Multiply', multiply],
  ['Subtract', subtract],
  ['Average', average],
  ['Concatenate', concatenate]
]
