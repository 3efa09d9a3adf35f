/** A finding's repair, put into the form, where it shows as any other change by hand does. */
import type { Backbone } from '@shared/domain/backbone'
import type { Repair } from '@shared/domain/diagnosis'
import { trainingModeSchema } from '@shared/domain/training-config'
import type { NewRun } from '../new-run/use-new-run'

type Changes = Repair['changes']

/** @param backbones those at hand: a repair may choose another */
export function applyRepair(form: NewRun, changes: Changes, backbones: readonly Backbone[]): void {
  for (const [key, value] of Object.entries(changes)) {
    if (key === 'mode') form.mode.value = trainingModeSchema.parse(value)
    else if (key === 'backboneId') chooseBackbone(form, String(value), backbones)
    else if (key === 'contract') setContract(form, value)
    else form.set(key, parsed(value))
  }
}

/** Whether the form has them all, so that there is nothing left to repair. */
export function isApplied(form: NewRun, changes: Changes): boolean {
  const { draft, mode } = form
  return Object.entries(changes).every(([key, value]) => {
    if (key === 'mode') return mode.value === value
    if (key === 'contract' && typeof value === 'string') {
      const wanted = Object.entries(parsed(value) as object)
      return wanted.every(([part, own]) => same(draft.value[`contract.${part}`], own))
    }
    if (key === 'contract') return !Object.keys(draft.value).some((other) => other.startsWith('contract.'))
    return same(draft.value[key], parsed(value))
  })
}

/** Takes them back out of the form: what the preset has counts again. */
export function revertRepair(form: NewRun, changes: Changes): void {
  for (const key of Object.keys(changes)) if (key !== 'mode' && key !== 'backboneId') form.revert(key)
}

/** Whether `revertRepair` takes all of it back. */
export const canRevert = (changes: Changes): boolean => !('mode' in changes) && !('backboneId' in changes)

function chooseBackbone(form: NewRun, id: string, backbones: readonly Backbone[]): void {
  const chosen = backbones.find((backbone) => backbone.id === id)
  const before = backbones.find((backbone) => backbone.id === form.draft.value.backboneId) ?? null
  if (chosen) form.chooseBackbone(chosen, before)
}

function setContract(form: NewRun, value: Changes[string]): void {
  form.revert('contract')
  if (value === null) return form.set('contract', null)
  for (const [part, own] of Object.entries(parsed(value) as object)) form.set(`contract.${part}`, own)
}

/** A text that reads as JSON stands for what it says, as in `--set`. */
function parsed(value: Changes[string]): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value
  return JSON.parse(value) as unknown
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)
