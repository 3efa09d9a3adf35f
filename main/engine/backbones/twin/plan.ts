/** Which tensor of a file goes where in a built-in architecture. Nothing is read yet but names and shapes. */
import type { Architecture } from '../architectures/index'
import { kindOf, plainName } from './names'
import type { SourceTensor } from './source-tensor'

/** A variable that an architecture has, in the order of its layers. */
interface Wanted {
  name: string
  shape: readonly number[]
}

export interface MatchPlan {
  /** Width of the top; null: the architecture without its top. */
  classes: number | null
  /** `order`: names say nothing, and the shapes come in the very order of the layers. */
  by: 'name' | 'order'
  pairs: Map<string, SourceTensor>
  /** Variables without a tensor. */
  missing: Wanted[]
  /** Tensors that would be left over. */
  unused: number
  wanted: number
}

/** A width that no top has, to find the shapes that depend on it. */
const ODD_WIDTH = 7919

/** The best there is: complete rather than not, with the top rather than without, by name rather than by order. */
export function planMatch(architecture: Architecture, tensors: readonly SourceTensor[]): MatchPlan {
  const plans = [...topWidths(architecture, tensors), null].flatMap((classes) => {
    const wanted = wantedOf(architecture, classes)
    return [byName(architecture, wanted, tensors, classes), byOrder(wanted, tensors, classes)]
  })
  const complete = plans.find(({ missing }) => missing.length === 0)
  return complete ?? plans.reduce((best, plan) => (plan.missing.length < best.missing.length ? plan : best))
}

function byName(
  { layerName }: Architecture,
  wanted: readonly Wanted[],
  tensors: readonly SourceTensor[],
  classes: number | null
): MatchPlan {
  const named = new Map<string, SourceTensor[]>()
  for (const tensor of tensors) {
    const name = plainName(tensor.name, layerName)
    named.set(name, [...(named.get(name) ?? []), tensor])
  }
  const pairs = new Map<string, SourceTensor>()
  for (const { name, shape } of wanted) {
    const found = (named.get(plainName(name, (layer) => layer)) ?? []).filter((tensor) => isSame(tensor.shape, shape))
    // Two tensors of one name and shape: nothing tells which is meant.
    if (found.length === 1) pairs.set(name, found[0]!)
  }
  return planOf(wanted, tensors, classes, 'name', pairs)
}

/** Per kind of variable when names tell the kinds, over all variables when they do not. */
function byOrder(wanted: readonly Wanted[], tensors: readonly SourceTensor[], classes: number | null): MatchPlan {
  const pairs = new Map<string, SourceTensor>()
  const told = tensors.length > 0 && tensors.every(({ name }) => kindOf(name) !== null)
  const group = ({ name }: { name: string }): string => (told ? (kindOf(name) ?? name) : '')
  for (const kind of new Set(wanted.map(group))) {
    const places = wanted.filter((variable) => group(variable) === kind)
    const found = tensors.filter((tensor) => group(tensor) === kind)
    const fits =
      places.length === found.length && places.every(({ shape }, index) => isSame(found[index]!.shape, shape))
    if (fits) places.forEach(({ name }, index) => pairs.set(name, found[index]!))
  }
  // A part in order and a part not is no order.
  return planOf(wanted, tensors, classes, 'order', pairs.size === wanted.length ? pairs : new Map())
}

function planOf(
  wanted: readonly Wanted[],
  tensors: readonly SourceTensor[],
  classes: number | null,
  by: MatchPlan['by'],
  pairs: MatchPlan['pairs']
): MatchPlan {
  const missing = wanted.filter(({ name }) => !pairs.has(name))
  return { classes, by, pairs, missing, unused: tensors.length - pairs.size, wanted: wanted.length }
}

/** Every width that a top in the file could have. */
function topWidths(architecture: Architecture, tensors: readonly SourceTensor[]): number[] {
  const kernel = wantedOf(architecture, ODD_WIDTH).find(({ shape }) => shape.length > 1 && shape.at(-1) === ODD_WIDTH)
  const inputs = kernel?.shape.at(-2)
  const widths = tensors.flatMap(({ shape }) => {
    const plain = withoutOnes(shape)
    return plain.length === 2 && plain[0] === inputs ? [plain[1]!] : []
  })
  return [...new Set(widths)]
}

const known = new Map<string, Wanted[]>()

function wantedOf(architecture: Architecture, classes: number | null): Wanted[] {
  const key = `${architecture.id} ${classes}`
  let wanted = known.get(key)
  if (!wanted) {
    wanted = []
    const list = wanted
    let blank = new Float32Array(0)
    const weights = (name: string, shape: readonly number[]): Float32Array => {
      list.push({ name, shape })
      const length = shape.reduce((product, side) => product * side, 1)
      // One array of zeros serves all: only the shapes are asked for.
      if (blank.length < length) blank = new Float32Array(length)
      return blank.subarray(0, length)
    }
    architecture.build({ weights, classes })
    known.set(key, wanted)
  }
  return wanted
}

/** The same numbers in the same order: axes of one do not change it. */
function isSame(a: readonly number[], b: readonly number[]): boolean {
  const [left, right] = [withoutOnes(a), withoutOnes(b)]
  return left.length === right.length && left.every((side, index) => side === right[index])
}

const withoutOnes = (shape: readonly number[]): number[] => shape.filter((side) => side !== 1)
