import { describe, expect, it } from 'vitest'
import { confusedPairs, confusionCells, confusionDifference } from '../../renderer/charts/confusion'
import { matrixLayout } from '../../renderer/charts/matrix-layout'
import { describeSchedule, scheduleCurve } from '../../renderer/charts/schedule'
import { createSchedule } from '../../main/engine/training/schedules'

const A = [
  [8, 2, 0],
  [1, 4, 0],
  [0, 0, 0]
]
const B = [
  [9, 1, 0],
  [1, 2, 2],
  [0, 0, 0]
]

describe('confusion', () => {
  it('lists the cells that are not zero with their share of the class', () => {
    const cells = confusionCells(A)
    expect(cells).toHaveLength(4)
    expect(cells[1]).toEqual({ truth: 0, predicted: 1, count: 2, share: 0.2, correct: false, good: false })
    expect(cells.reduce((sum, { count }) => sum + count, 0)).toBe(15)
  })

  it('subtracts, and knows what is better', () => {
    const cells = confusionDifference(A, B)
    const find = (truth: number, predicted: number) =>
      cells.find((cell) => cell.truth === truth && cell.predicted === predicted)
    expect(find(0, 0)).toMatchObject({ count: 1, good: true })
    expect(find(0, 1)).toMatchObject({ count: -1, good: true })
    expect(find(1, 1)).toMatchObject({ count: -2, good: false })
    expect(find(1, 2)).toMatchObject({ count: 2, good: false })
    expect(find(1, 0)).toBeUndefined()
  })

  it('orders the confusions by how frequent they are', () => {
    expect(confusedPairs(confusionCells(A)).map(({ truth, predicted }) => [truth, predicted])).toEqual([
      [0, 1],
      [1, 0]
    ])
  })
})

describe('matrixLayout', () => {
  it('never gets wider than its place while the cells can be seen', () => {
    for (const count of [2, 18, 40, 100]) {
      for (const width of [320, 500, 1200]) {
        const layout = matrixLayout(
          Array.from({ length: count }, (_, index) => `class ${index}`),
          width
        )
        expect(layout.width).toBeLessThanOrEqual(width + 1)
        expect(layout.cell).toBeGreaterThanOrEqual(3)
      }
    }
  })

  it('cuts long names and drops them where there is no room', () => {
    const names = Array.from({ length: 100 }, () => 'a name that goes on and on')
    expect(matrixLayout(names, 400).labels).toBe(false)
    expect(matrixLayout(names.slice(0, 3), 400).names[0]).toMatch(/^.{15}…$/)
  })
})

describe('the schedule that is drawn', () => {
  it.each([
    { learningRate: 0.003, schedule: 'cosine', warmup: 0.1 },
    { learningRate: 0.01, schedule: 'constant', warmup: 0 },
    { learningRate: 1, schedule: 'cosine', warmup: 0 },
    { learningRate: 0.5, schedule: 'constant', warmup: 0.25 }
  ] as const)('is the one that the engine trains by: %o', (config) => {
    const steps = 100_000
    const engine = createSchedule(config, steps)
    for (const { x, y } of scheduleCurve(config)) {
      const step = Math.min(steps - 1, Math.round(x * steps))
      expect(Math.abs(y - engine(step))).toBeLessThan(config.learningRate * 1e-3)
    }
  })

  it('is told in words', () => {
    expect(describeSchedule({ learningRate: 0.003, schedule: 'cosine', warmup: 0.05 }, 60)).toBe(
      'The learning rate climbs to 0.003 over the first 5 % of 60 epochs, then falls to 0 along a cosine.'
    )
    expect(describeSchedule({ learningRate: 0.01, schedule: 'constant', warmup: 0 }, 10)).toContain(
      'stays there for 10'
    )
  })
})
