/** The answer as it is shown: factors with their bars, what is left over, where the waterfall begins and ends. */
import type { Estimate, Explanation, GapFactor } from '@shared/domain/explanation'
import type { Answer } from './answer'
import { describeSide } from './describe'
import type { Difference } from './factors'
import type { Leftover } from './leftover'
import { OWN, shownValue, type Contracts } from './settings'

export type Shown = Pick<Explanation, 'factors' | 'ends' | 'gap' | 'interaction' | 'method'>

export interface AssembleInput {
  answer: Answer
  difference: Difference
  leftover: Leftover | null
  measured: Explanation['measured']
  contracts: Contracts
}

/** Pure. The factors, what is left over and the interaction add up to the gap. */
export function assemble({ answer, difference, leftover, measured, contracts }: AssembleInput): Shown {
  const factors = difference.factors.map((factor, index): GapFactor => {
    const { id, cause, label, keys } = factor
    const texts = {
      from: describeSide(factor, difference.a, contracts),
      to: describeSide(factor, difference.b, contracts)
    }
    const settings = keys.map((key) => ({
      key,
      from: shownOf(key, difference.a, contracts),
      to: shownOf(key, difference.b, contracts)
    }))
    return { id, cause, label, ...texts, settings, switchable: true, ...answer.factors[index]! }
  })
  const { gap, ends, interaction, method } = answer
  if (!leftover) return { factors, gap, ends, interaction, method }
  const { learns, ...shown } = leftover
  const rest = {
    accuracy: learns ? leftOf(measured.a.accuracy, measured.b.accuracy, gap.accuracy) : null,
    seconds: leftOf(measured.a.seconds, measured.b.seconds, gap.seconds)
  }
  const factor: GapFactor = { ...shown, switchable: false, ...rest, alone: null, last: null, shapley: null }
  const pick = <T>(what: 'accuracy' | 'seconds', asMeasured: T, tried: T): T => (rest[what] ? asMeasured : tried)
  return {
    factors: [...factors, factor],
    interaction,
    method,
    gap: {
      accuracy: pick('accuracy', total(gap.accuracy, rest.accuracy), gap.accuracy),
      seconds: pick('seconds', total(gap.seconds, rest.seconds), gap.seconds)
    },
    ends: {
      a: {
        accuracy: pick('accuracy', measured.a.accuracy, ends.a.accuracy),
        seconds: pick('seconds', measured.a.seconds, ends.a.seconds)
      },
      b: {
        accuracy: pick('accuracy', measured.b.accuracy, ends.b.accuracy),
        seconds: pick('seconds', measured.b.seconds, ends.b.seconds)
      }
    }
  }
}

/** As uncertain as the gap that was tried: the measured one is what it is. */
function leftOf(a: number | null, b: number | null, tried: Estimate | null): Estimate | null {
  if (a === null || b === null || !tried) return null
  const value = b - a - tried.value
  const { low, high } = tried
  return { value, low: high === null ? null : b - a - high, high: low === null ? null : b - a - low }
}

/** The measured gap, with the interval of the one that was tried moved there. */
function total(tried: Estimate | null, rest: Estimate | null): Estimate | null {
  if (!tried || !rest) return tried
  const moved = (end: number | null): number | null => (end === null ? null : end + rest.value)
  return { value: tried.value + rest.value, low: moved(tried.low), high: moved(tried.high) }
}

function shownOf(key: string, settings: Difference['a'], contracts: Contracts): ReturnType<typeof shownValue> {
  const value = settings.get(key)
  if (value !== OWN) return shownValue(value ?? null)
  const own = contracts(String(settings.get('backboneId')))
  return shownValue(own[key.slice('contract.'.length) as keyof typeof own])
}
