/** The factors in which two configurations differ: what can be switched by itself, and leaves a configuration that makes sense. */
import type { TrainingConfig } from '@shared/domain/training-config'
import { FACTOR_KINDS, isRead, kindOf, type FactorKind } from './factor-table'
import { same, settingsOf, type Contracts, type Settings } from './settings'

export interface Factor {
  id: string
  cause: FactorKind['cause']
  label: string
  /** Dotted keys that are switched together. */
  keys: string[]
}

export interface Difference {
  a: Settings
  b: Settings
  factors: Factor[]
  /** Sentences about what travels together, and why. */
  notes: string[]
}

export interface DifferenceInput {
  a: TrainingConfig
  b: TrainingConfig
  contracts: Contracts
  /** Whether a backbone can be fine-tuned, and takes pictures of any size. */
  flexible: (backboneId: string) => { trainable: boolean; anySize: boolean }
}

/** Pure. The factors are in the order in which they act on a picture. */
export function factorsBetween({ a, b, contracts, flexible }: DifferenceInput): Difference {
  const [from, to] = [settingsOf(a, contracts), settingsOf(b, contracts)]
  const notes: string[] = []
  const keysOf = new Map<string, string[]>()
  const add = (id: string, key: string): void => void keysOf.set(id, [...(keysOf.get(id) ?? []), key])
  const carried = { trainable: 0, solver: 0 }
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const kind = kindOf(key)
    if (!kind || same(from.get(key), to.get(key))) continue
    const [readByA, readByB] = [isRead(key, a), isRead(key, b)]
    if (!readByA && !readByB) continue
    // What only one of the two reads means nothing without what makes it read.
    const carrier = readByA === readByB || key.startsWith('contract.') ? null : carrierOf(key, a, b)
    if (carrier) carried[carrier]++
    add(carrier ?? kind.id, key)
  }
  const merge = (id: string, into: string, why: string): void => {
    const keys = keysOf.get(id)
    if (!keys || !keysOf.has(into) || id === into) return
    keysOf.set(into, [...keysOf.get(into)!, ...keys])
    keysOf.delete(id)
    notes.push(`'${labelOf(id)}' is switched together with '${labelOf(into)}': ${why}.`)
  }
  if (carried.trainable > 0 && a.mode !== b.mode) {
    notes.push(
      "Settings that only fine-tuning reads are switched together with 'Trainable part': they mean nothing to a head."
    )
  }
  if (carried.solver > 0) {
    notes.push("Settings that only one solver reads are switched together with 'Solver of the head'.")
  }
  if (a.backboneId !== b.backboneId) {
    const both = [flexible(a.backboneId), flexible(b.backboneId)]
    if (both.some(({ trainable }) => !trainable))
      merge('trainable', 'backbone', 'one of the backbones cannot be fine-tuned')
    if (both.some(({ anySize }) => !anySize)) merge('size', 'backbone', 'one of the backbones takes one size only')
    if ([a, b].some(({ head }) => head.input === 'logits')) {
      merge('head', 'backbone', 'class scores are those of one backbone')
    }
  }
  const factors = [...keysOf].map(([id, keys]): Factor => {
    const { cause, label } = kindById(id)
    return { id, cause, label, keys }
  })
  const place = ({ id }: Factor): number => FACTOR_KINDS.findIndex((kind) => kind.id === id) + 1 || Infinity
  return { a: from, b: to, factors: factors.sort((one, other) => place(one) - place(other)), notes }
}

function carrierOf(key: string, a: TrainingConfig, b: TrainingConfig): 'trainable' | 'solver' {
  const isHeads = key.startsWith('head.') || key.startsWith('balance.')
  return isHeads && a.head.method !== b.head.method ? 'solver' : 'trainable'
}

const kindById = (id: string): Pick<FactorKind, 'cause' | 'label'> =>
  FACTOR_KINDS.find((kind) => kind.id === id) ?? { cause: 'training', label: 'Other settings' }

const labelOf = (id: string): string => kindById(id).label
