import { describe, expect, it } from 'vitest'
import { causeOf, diagnosisCodeSchema, diagnosisFindingSchema } from '@shared/domain/diagnosis'
import { found } from '../../../main/engine/diagnosis/check'
import { rankFindings } from '../../../main/engine/diagnosis/rank'

const finding = (code: string, severity: 'info' | 'warning' | 'severe', weight: number) =>
  found(diagnosisCodeSchema.parse(code), { severity, weight, title: code, evidence: { text: '' } }).findings[0]!

describe('ranking of findings', () => {
  it('puts the worse before the better, and of the same severity the costlier first', () => {
    const ranked = rankFindings([
      finding('data/imbalance', 'info', 90),
      finding('training/logits', 'warning', 5),
      finding('preprocessing/crop', 'severe', 3),
      finding('preprocessing/range', 'severe', 40),
      finding('training/no-regularisation', 'warning', 8)
    ])
    expect(ranked.map(({ code }) => code)).toEqual([
      'preprocessing/range',
      'preprocessing/crop',
      'training/no-regularisation',
      'training/logits',
      'data/imbalance'
    ])
  })

  it('leaves the weight out of what is told', () => {
    const [only] = rankFindings([finding('data/leak', 'severe', 1)])
    expect(Object.keys(only!)).not.toContain('weight')
    expect(diagnosisFindingSchema.parse(only)).toEqual(only)
  })

  it('knows a cause for every code', () => {
    for (const code of diagnosisCodeSchema.options)
      expect(['preprocessing', 'training', 'model', 'device', 'data']).toContain(causeOf(code))
  })
})
