/** The lab's pair, what it remembers, and the order of its steps. */
import { describe, expect, test } from 'vitest'
import type { Backbone } from '@shared/domain/backbone'
import type { RunDiagnosis } from '@shared/domain/diagnosis'
import { presetConfig } from '@shared/domain/presets'
import { StudioError } from '@shared/errors'
import { labBackbones, naiveFor, twinChoices, twinNote, twinOf } from '../../../renderer/components/lab/lab-pair'
import {
  doctorState,
  gapState,
  labMemorySchema,
  nextStep,
  NOTHING_YET,
  trainState,
  withoutPictures,
  type LabFacts
} from '../../../renderer/components/lab/lab-state'
import { makeRun } from '../../fixtures/run'
import { BACKBONE } from '../../fixtures/runs-service'

const from = (how: 'import' | 'random', architecture: string | null): Backbone['provenance'] =>
  ({ how, architecture }) as Backbone['provenance']
const named = (id: string, changes: Partial<Backbone> = {}): Backbone => ({
  ...BACKBONE,
  ...{ id, name: id, family: id, weightsHash: id },
  ...changes
})
const module = (id: string, changes: Partial<Backbone> = {}): Backbone =>
  named(id, { form: 'saved-model', trainable: false, provenance: from('import', null), ...changes })

describe('the pair', () => {
  test('layers are their own twin; a frozen file has the same weights, architecture, or family and width', () => {
    const lite = named('lite')
    const mobile = named('mobile', { provenance: from('import', 'mobilenet-v2-1.00') })
    const random = named('random', { family: 'hub', provenance: from('random', 'hub') })
    const all = [lite, mobile, random]
    expect(twinOf(lite, all)).toBe(lite)
    expect(twinOf(module('hub', { weightsHash: 'lite' }), all)).toBe(lite)
    expect(twinOf(module('hub', { provenance: from('import', 'mobilenet-v2-1.00') }), all)).toBe(mobile)
    expect(twinOf(module('hub', { family: 'mobile' }), all)).toBe(mobile)
    expect(twinOf(module('hub', { family: 'mobile', featureWidth: 99 }), all)).toBeNull()
    // Its family is right, its weights are noise.
    expect(twinOf(module('hub'), all)).toBeNull()
    expect(twinChoices([...all, module('hub')])).toEqual([lite, mobile])
    expect(labBackbones([...all, module('hub')]).map(({ id }) => id)).toEqual(['lite', 'mobile', 'hub'])
  })

  test('it says what the gap has in it', () => {
    const lite = named('lite')
    expect(twinNote(lite, lite)).toMatch(/its own twin/)
    expect(twinNote(module('hub'), lite)).toMatch(/'hub' runs as it came, frozen; 'lite' is the same network/)
    expect(twinNote(named('other'), lite)).toMatch(/Two different networks/)
    expect(twinNote(module('hub'), null)).toMatch(/another one/)
  })

  test('a frozen file has no class scores to put a layer on', () => {
    const naive = presetConfig('naive', 'head')
    expect(naiveFor(named('lite'), naive).head.input).toBe('logits')
    expect(naiveFor(module('hub'), naive).head.input).toBe('features')
    expect(naive.head.input).toBe('logits')
  })
})

describe('the steps', () => {
  const run = (state: 'queued' | 'running' | 'completed' | 'failed' | 'stopped') => makeRun({ state })
  const nothing: LabFacts = {
    ...{ naive: null, correct: null, starting: false, examining: false, examined: false, explaining: false },
    explanation: null
  }
  const trained: LabFacts = { ...nothing, naive: run('completed'), correct: run('completed') }

  test('training is done when both were tested; a naive run that diverged is a result, one that was stopped is none', () => {
    expect(trainState(nothing)).toBe('todo')
    expect(trainState({ ...nothing, starting: true })).toBe('active')
    expect(trainState({ ...trained, correct: run('queued') })).toBe('active')
    expect(trainState(trained)).toBe('done')
    expect(trainState({ ...trained, naive: run('stopped') })).toBe('failed')
    const diverged = { ...run('failed'), error: new StudioError('run/diverged', 'Not a number.').toData() }
    expect(trainState({ ...trained, naive: diverged })).toBe('done')
    expect(trainState({ ...trained, correct: diverged })).toBe('failed')
  })

  test('one follows the other, and none is taken twice', () => {
    expect(nextStep(nothing)).toBeNull()
    expect(nextStep({ ...trained, naive: run('running') })).toBeNull()
    expect(nextStep(trained)).toBe('doctor')
    expect(nextStep({ ...trained, examining: true })).toBeNull()
    expect(nextStep({ ...trained, examined: true })).toBe('gap')
    expect(nextStep({ ...trained, examined: true, explaining: true })).toBeNull()
    expect(nextStep({ ...trained, examined: true, explanation: 'running' })).toBeNull()
    expect(nextStep({ ...trained, examined: true, explanation: 'completed' })).toBeNull()
  })

  test('the states of doctor and gap', () => {
    expect([nothing, { ...nothing, examining: true }, { ...nothing, examined: true }].map(doctorState)).toEqual([
      ...['todo', 'active', 'done']
    ])
    const gaps = ['queued', 'running', 'completed', 'stopped', 'failed'] as const
    expect(gaps.map((explanation) => gapState({ ...nothing, explanation }))).toEqual([
      ...['active', 'active', 'done', 'done', 'failed']
    ])
  })

  test('what is remembered survives the store of a browser, without its pictures', () => {
    const diagnosis: RunDiagnosis = {
      findings: [
        {
          code: 'preprocessing/range',
          cause: 'preprocessing',
          severity: 'severe',
          title: 'Values are in [0, 1].',
          evidence: { text: '0 to 1', value: 1, expected: 255, picture: 'data:image/png;base64,AAAA' },
          repair: { label: 'Repair', changes: { contract: null } }
        }
      ],
      ...{ checks: [], seconds: 1, fit: 'good', verdict: 'Fine.', confused: [], next: [] }
    }
    const kept = JSON.stringify({ ...NOTHING_YET, naiveId: 'a', diagnosis: withoutPictures(diagnosis) })
    expect(kept).not.toMatch(/base64/)
    const read = labMemorySchema.parse(JSON.parse(kept))
    expect(read.naiveId).toBe('a')
    expect(read.diagnosis!.findings[0]).toMatchObject({
      evidence: { value: 1 },
      repair: { changes: { contract: null } }
    })
    expect(labMemorySchema.parse({})).toEqual(NOTHING_YET)
  })
})
