/** Whether two runs differ on the test images they share, and where. */
import type { PairTest } from '@shared/domain/comparison'
import { holm } from '@shared/statistics/holm'
import { mcnemar } from '@shared/statistics/mcnemar'
import { pairedBootstrap } from '@shared/statistics/paired-bootstrap'
import { commonImages, type Outcomes } from './outcomes'

/** Not yet corrected for there being others. */
export type RawPairTest = Omit<PairTest, 'corrected'>

export function pairTest(a: string, b: string, outcomesA: Outcomes, outcomesB: Outcomes): RawPairTest {
  const images = commonImages([outcomesA, outcomesB])
  const count = images.length
  const right = { a: new Uint8Array(count), b: new Uint8Array(count) }
  const classes = new Map<string, PairTest['classes'][number]>()
  let [onlyA, onlyB, changed, relabelled] = [0, 0, 0, 0]
  images.forEach((key, place) => {
    const [first, second] = [outcomesA.get(key)!, outcomesB.get(key)!]
    right.a[place] = Number(first.correct)
    right.b[place] = Number(second.correct)
    const ofClass = classes.get(second.label) ?? { label: second.label, count: 0, onlyA: 0, onlyB: 0 }
    classes.set(second.label, ofClass)
    ofClass.count++
    if (first.guess !== second.guess) changed++
    if (first.label !== second.label) relabelled++
    if (first.correct && !second.correct) {
      onlyA++
      ofClass.onlyA++
    }
    if (second.correct && !first.correct) {
      onlyB++
      ofClass.onlyB++
    }
  })
  const { p, method } = mcnemar(onlyA, onlyB)
  const flips = (each: PairTest['classes'][number]): number => each.onlyA + each.onlyB
  return {
    a,
    b,
    count,
    difference: count === 0 ? 0 : (onlyB - onlyA) / count,
    onlyA,
    onlyB,
    p,
    method,
    bootstrap: pairedBootstrap(right.a, right.b),
    changed,
    relabelled,
    classes: [...classes.values()]
      .filter((each) => flips(each) > 0)
      .sort((x, y) => flips(y) - flips(x) || x.label.localeCompare(y.label))
  }
}

/** One list of tests, each corrected for the others. */
export function correctedTests(tests: readonly RawPairTest[]): PairTest[] {
  const corrected = holm(tests.map(({ p }) => p))
  return tests.map((test, index) => ({ ...test, corrected: corrected[index]! }))
}
