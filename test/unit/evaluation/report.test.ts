import { expect, it } from 'vitest'
import { CURVE_POINTS, MOST_CLASS_CURVES } from '@shared/domain/evaluation-report'
import { createRandom } from '@shared/random'
import { makeReport, type ReportInput } from '../../../main/services/evaluation/report'

function input(images: number, classes: number, temperature: number | null = null): ReportInput {
  const random = createRandom(11)
  const truth = Int32Array.from({ length: images }, () => random.int(classes))
  const probabilities = new Float32Array(images * classes)
  for (let row = 0; row < images; row++) {
    const logits = Array.from({ length: classes }, (_, place) => 2 * random.normal() + (place === truth[row] ? 4 : 0))
    const powers = logits.map(Math.exp)
    const sum = powers.reduce((total, power) => total + power, 0)
    powers.forEach((power, place) => (probabilities[row * classes + place] = power / sum))
  }
  return {
    runId: 'r',
    split: 'test',
    classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
    imageIds: Int32Array.from(truth, (_, row) => row),
    truth,
    probabilities,
    temperature
  }
}

it('cuts every curve down, and keeps its ends and its area', async () => {
  const report = await makeReport(input(3000, 5))
  const { macro, micro, classes } = report.curves
  for (const { precisionRecall, roc } of [macro, micro, ...classes]) {
    for (const { points } of [precisionRecall, roc]) expect(points.length).toBeLessThanOrEqual(CURVE_POINTS)
    const trapezoids = roc.points
      .slice(1)
      .reduce((sum, [x, y], index) => sum + ((x - roc.points[index]![0]) * (y + roc.points[index]![1])) / 2, 0)
    expect(trapezoids).toBeCloseTo(roc.area!, 2)
    expect([roc.points[0], roc.points.at(-1)]).toEqual([
      [0, 0],
      [1, 1]
    ])
  }
  expect(report.coverage.length).toBeLessThanOrEqual(CURVE_POINTS)
  expect(report.coverage.map(({ threshold }) => threshold)).toEqual(
    report.coverage.map(({ threshold }) => threshold).sort((a, b) => a - b)
  )
  expect(report.coverage[0]!.accuracy).toBe(report.evaluation.accuracy)
  expect(report.topK).toHaveLength(5)
  expect(report.topK[4]).toBe(1)
})

it('a temperature changes how sure it is and no answer', async () => {
  const plain = await makeReport(input(500, 4))
  const scaled = await makeReport(input(500, 4, 3))
  expect(plain.calibration.after).toBeNull()
  expect(scaled.evaluation).toEqual(plain.evaluation)
  expect(scaled.calibration.before).toEqual(plain.calibration.before)
  const confidence = (bins: { count: number; confidence: number }[]): number =>
    bins.reduce((sum, bin) => sum + bin.count * bin.confidence, 0) / 500
  expect(confidence(scaled.calibration.after!.bins)).toBeLessThan(confidence(plain.calibration.before.bins))
  // Thresholds are of the scaled probabilities.
  expect(scaled.coverage.at(-1)!.threshold).toBeLessThan(plain.coverage.at(-1)!.threshold)
})

it('with very many classes brings the areas and leaves the points out', async () => {
  const report = await makeReport(input(400, MOST_CLASS_CURVES + 1))
  expect(report.complete).toBe(false)
  const { macro, micro, classes } = report.curves
  expect(classes.every(({ roc }) => roc.points.length === 0)).toBe(true)
  const areas = classes.map(({ roc }) => roc.area).filter((area) => area !== null)
  expect(macro.roc.area).toBeCloseTo(areas.reduce((sum, area) => sum + area, 0) / areas.length, 12)
  expect([macro.roc.points, micro.roc]).toEqual([[], { area: null, points: [] }])
})

it('one image is a report too', async () => {
  const report = await makeReport(input(1, 3))
  expect(report.coverage).toHaveLength(1)
  expect(report.curves.classes.filter(({ roc }) => roc.area === null)).toHaveLength(3)
  expect(report.curves.macro.roc).toEqual({ area: null, points: [] })
})
