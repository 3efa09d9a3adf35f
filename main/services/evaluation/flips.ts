/** The pictures on which two runs disagree. */
import { FLIP_KINDS, type FlipKind, type Flips } from '@shared/domain/flips'
import type { Run } from '@shared/domain/run'
import type { PairedPredictions } from '../../store/store'

interface Flip {
  /** Place among the paired predictions. */
  place: number
  kind: FlipKind
  /** True class, by its name in the first run. */
  label: string
  /** How sure the wrong answer was; of two, the surer. */
  sureness: number
}

export interface Disagreement extends Pick<Flips, 'common' | 'relabelled' | 'bothRight' | 'bothWrongAlike'> {
  /** The surest wrong answers first. */
  flips: Flip[]
}

/** Sorts the common test images by who is right. Classes are compared by name: each run numbers its own. */
export function disagreement(a: Pick<Run, 'classes'>, b: Pick<Run, 'classes'>, pairs: PairedPredictions): Disagreement {
  const result: Disagreement = {
    common: pairs.a.imageIds.length,
    relabelled: 0,
    bothRight: 0,
    bothWrongAlike: 0,
    flips: []
  }
  for (let place = 0; place < result.common; place++) {
    const label = a.classes[pairs.a.truth[place]!]!
    if (label !== b.classes[pairs.b.truth[place]!]) result.relabelled++
    const rightA = pairs.a.truth[place] === pairs.a.predicted[place]
    const rightB = pairs.b.truth[place] === pairs.b.predicted[place]
    const alike = a.classes[pairs.a.predicted[place]!] === b.classes[pairs.b.predicted[place]!]
    if (rightA && rightB) result.bothRight++
    else if (!rightA && !rightB && alike) result.bothWrongAlike++
    else {
      const sureness = Math.max(rightA ? 0 : pairs.a.probability[place]!, rightB ? 0 : pairs.b.probability[place]!)
      const kind = rightA ? 'only-a' : rightB ? 'only-b' : 'both-wrong'
      result.flips.push({ place, kind, label, sureness })
    }
  }
  result.flips.sort((x, y) => y.sureness - x.sureness || x.place - y.place)
  return result
}

const noCounts = (): Flips['counts'] => ({ 'only-a': 0, 'only-b': 0, 'both-wrong': 0 })

/** How many flips of each kind there are, in all and by class; the classes with most first. */
export function countFlips(flips: readonly Flip[]): Pick<Flips, 'counts' | 'classes'> {
  const counts = noCounts()
  const byClass = new Map<string, Flips['counts']>()
  for (const { kind, label } of flips) {
    counts[kind]++
    const ofClass = byClass.get(label) ?? noCounts()
    ofClass[kind]++
    byClass.set(label, ofClass)
  }
  const sum = (each: Flips['counts']): number => FLIP_KINDS.reduce((total, kind) => total + each[kind], 0)
  const classes = [...byClass]
    .map(([label, ofClass]) => ({ label, counts: ofClass }))
    .sort((x, y) => sum(y.counts) - sum(x.counts) || x.label.localeCompare(y.label))
  return { counts, classes }
}
