import { describe, expect, it } from 'vitest'
import { presetConfig } from '@shared/domain/presets'
import { StudioError } from '@shared/errors'
import { readCurves } from '../../../main/engine/diagnosis/run/curves'
import { judgeFit } from '../../../main/engine/diagnosis/run/fit'
import { nextSteps } from '../../../main/engine/diagnosis/run/next-steps'
import { confusedPairs } from '../../../main/services/doctor/confused'
import { aRun, epochPoints } from '../../fixtures/runs'

const judge = (train: (number | null)[], validation: number[], change: Parameters<typeof aRun>[0] = {}) => {
  const best = Math.min(...validation)
  const run = aRun({
    best: { epoch: validation.indexOf(best) + 1, validationLoss: best, validationAccuracy: 0.8 },
    ...change
  })
  return judgeFit(run, readCurves([...epochPoints('train_loss', train), ...epochPoints('validation_loss', validation)]))
}
const codes = ({ results }: ReturnType<typeof judgeFit>): string[] =>
  results.flatMap(({ findings }) => findings.map(({ code }) => code))

describe('the verdict on curves', () => {
  it('of a training that settles is good', () => {
    const answer = judge([0.6, 0.5, 0.45, 0.42, 0.41], [0.6, 0.52, 0.5, 0.495, 0.497])
    expect(answer.fit).toBe('good')
    expect(codes(answer)).toEqual([])
  })

  it('sees overfitting, and is graver where the last epoch was kept', () => {
    const [train, validation] = [
      [0.6, 0.4, 0.2, 0.1, 0.05],
      [0.6, 0.5, 0.55, 0.62, 0.7]
    ]
    const kept = judge(train, validation)
    expect(kept.fit).toBe('overfit')
    expect(kept.results[0]!.findings[0]!.severity).toBe('warning')
    const config = presetConfig('default', 'head')
    config.earlyStopping = { enabled: false, patience: 10, restoreBest: false }
    const last = judge(train, validation, { config })
    expect(last.results[0]!.findings[0]).toMatchObject({
      severity: 'severe',
      repair: { changes: { 'earlyStopping.enabled': true, 'earlyStopping.restoreBest': true } }
    })
    expect(last.results[0]!.findings[0]!.evidence).toMatchObject({ value: 0.7, expected: 0.5 })
  })

  it('does not take a rising validation for overfitting while training gets worse as well', () => {
    expect(judge([0.6, 0.5, 0.6, 0.7, 0.8], [0.6, 0.5, 0.55, 0.6, 0.66]).fit).not.toBe('overfit')
  })

  it('sees that a training ended while it was learning', () => {
    const answer = judge([0.69, 0.66, 0.6, 0.55, 0.5], [0.69, 0.66, 0.6, 0.55, 0.5])
    expect(answer.fit).toBe('underfit')
    expect(answer.results[0]!.findings[0]!.repair!.changes).toEqual({ 'head.epochs': 120 })
  })

  it('names divergence before anything else, and a tenth of the rate', () => {
    const error = new StudioError('run/diverged', 'The loss is not a number after step 3.').toData()
    const answer = judge([0.6, null], [0.6], { error })
    expect(answer.fit).toBe('diverged')
    expect(answer.results[0]!.findings[0]!.repair!.changes).toEqual({ 'head.learningRate': 0.0001 })
  })

  it('says when it was never better than a guess', () => {
    const answer = judge([0.7, 0.71, 0.7, 0.7], [0.7, 0.71, 0.72, 0.7])
    expect(answer.fit).toBe('not-learning')
    expect(codes(answer)).toEqual(['training/not-learning'])
  })

  it('does not say so of one that is right, and far too sure where it is not', () => {
    const epochs = [9, 8, 8, 8]
    const [wrong, right] = [0.3, 0.9].map((validationAccuracy) => {
      const best = { epoch: 2, validationLoss: 8, validationAccuracy }
      return judge(epochs, epochs, { best }).results[0]!.findings[0]!.title
    })
    expect(wrong).toContain('never got better than guessing')
    expect(right).toContain('90 % of the validation images are right')
  })

  it('says nothing of three epochs', () => expect(judge([0.6, 0.5, 0.4], [0.6, 0.5, 0.7]).fit).toBe('unknown'))
})

describe('what to try next', () => {
  it('puts what brings more in less time first, and leaves notes out', () => {
    const found = judge([0.6, 0.4, 0.2, 0.1, 0.05], [0.6, 0.5, 0.55, 0.62, 0.7]).results.flatMap((one) => one.findings)
    const wrongRange = {
      ...found[0]!,
      code: 'preprocessing/range' as const,
      severity: 'severe' as const,
      weight: 40,
      repair: { label: 'Own values', changes: { contract: null } }
    }
    const confused = [{ truth: 'daisy', predicted: 'rose', count: 3, of: 8 }]
    const steps = nextSteps({
      run: aRun(),
      findings: [{ ...found[0]!, severity: 'info' }, wrongRange],
      confused,
      job: null
    })
    expect(steps.map(({ title }) => title)).toEqual(['Own values', "Look at the labels of 'daisy' and 'rose'"])
    expect(steps[0]!.gain.high).toBeLessThanOrEqual(0.3)
  })
})

describe('confused pairs', () => {
  it('come most confused first, without what is right', () => {
    const pairs = confusedPairs({
      classes: ['a', 'b', 'c'],
      confusion: [
        [9, 1, 0],
        [4, 5, 0],
        [0, 1, 2]
      ]
    })
    expect(pairs).toEqual([
      { truth: 'b', predicted: 'a', count: 4, of: 9 },
      { truth: 'c', predicted: 'b', count: 1, of: 3 },
      { truth: 'a', predicted: 'b', count: 1, of: 10 }
    ])
  })
})
