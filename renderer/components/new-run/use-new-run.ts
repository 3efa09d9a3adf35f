/**
 * The state of the form: what is chosen, what was changed from the preset, what is wrong with it, and what the core says
 * that it would take. Changing dataset, backbone, mode or preset keeps what was changed by hand.
 */
import { computed, nextTick, ref, shallowRef, watch } from 'vue'
import type { Backbone } from '@shared/domain/backbone'
import { presetConfig } from '@shared/domain/presets'
import { flattenConfig, type PresetId, type TrainingMode } from '@shared/domain/training-config'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../../api/client'
import { changedKeys, sameValue } from '../run/config-rows'
import { checkDraft, toDraft, type Draft } from './draft'

type Estimate = Awaited<ReturnType<typeof api.runs.estimate>>

/** The estimate is asked for this long after the last keystroke. */
const ESTIMATE_DELAY_MS = 250

export function useNewRun() {
  const datasetId = ref<string | null>(null)
  const mode = ref<TrainingMode>('head')
  const preset = ref<PresetId>('default')
  /** Null: the one that a configuration has by default. */
  const backboneId = ref<string | null>(null)
  const name = ref('')
  const base = shallowRef(presetConfig('default', 'head'))
  const reasons = shallowRef<Record<string, string>>({})
  /** Only what was changed by hand. */
  const changes = shallowRef<Draft>({})
  const estimate = shallowRef<Estimate | null>(null)
  const estimateError = shallowRef<ErrorData | null>(null)

  const baseDraft = computed<Draft>(() => {
    const own = toDraft(base.value)
    return backboneId.value === null ? own : { ...own, backboneId: backboneId.value }
  })
  const draft = computed<Draft>(() => {
    const merged = { ...baseDraft.value }
    for (const [key, value] of Object.entries(changes.value)) {
      if (key.startsWith('contract.')) delete merged.contract
      if (key === 'contract')
        for (const part of Object.keys(merged)) if (part.startsWith('contract.')) delete merged[part]
      merged[key] = value
    }
    return merged
  })
  const checked = computed(() => checkDraft(draft.value))
  const config = computed(() => checked.value.config)
  /** A change that a new mode or preset caught up with is none. */
  const changed = computed(() => {
    const keys = Object.keys(changes.value)
    return new Set(keys.filter((key) => !sameValue(changes.value[key], baseDraft.value[key])))
  })

  function set(key: string, value: unknown): void {
    if (sameValue(baseDraft.value[key], value)) revert(key)
    else changes.value = { ...changes.value, [key]: value }
  }

  /** Gives a setting, or with `contract` the whole contract, back its default. */
  function revert(key: string): void {
    changes.value = Object.fromEntries(
      Object.entries(changes.value).filter(
        ([other]) => other !== key && !(key === 'contract' && other.startsWith('contract.'))
      )
    )
  }

  const revertAll = (): void => void (changes.value = {})

  /**
   * Where the contract is overridden, what was left as `before` has it becomes as `chosen` has it: nobody asked for that.
   */
  function chooseBackbone(chosen: Backbone, before: Backbone | null): void {
    const old = flattenConfig(before?.contract ?? null, 'contract')
    const own = flattenConfig(chosen.contract, 'contract')
    backboneId.value = chosen.id
    changes.value = Object.fromEntries(
      Object.entries(changes.value).map(([key, value]) => [
        key,
        key in own && sameValue(value, old[key]) ? own[key] : value
      ])
    )
  }

  let defaultsRequest = 0
  async function loadDefaults(): Promise<void> {
    const request = ++defaultsRequest
    const plain = presetConfig(preset.value, mode.value)
    // Only another dataset or backbone: what was recommended stays until the answer is there.
    if (base.value.preset !== plain.preset || base.value.mode !== plain.mode || !datasetId.value) {
      base.value = plain
      reasons.value = {}
    }
    if (!datasetId.value) return
    const input = {
      datasetId: datasetId.value,
      mode: mode.value,
      preset: preset.value,
      backboneId: backboneId.value ?? undefined
    }
    const answer = await api.runs.defaults(input).catch(() => null)
    if (request !== defaultsRequest) return
    base.value = answer?.config ?? plain
    reasons.value = answer?.reasons ?? {}
  }
  let defaults = Promise.resolve()
  watch([datasetId, mode, preset, backboneId], () => void (defaults = loadDefaults()), { immediate: true })

  let timer: ReturnType<typeof setTimeout> | undefined
  let estimateRequest = 0
  watch([datasetId, config], () => {
    clearTimeout(timer)
    timer = setTimeout(() => void loadEstimate(), ESTIMATE_DELAY_MS)
  })
  async function loadEstimate(): Promise<void> {
    const request = ++estimateRequest
    if (!datasetId.value || !config.value) return
    try {
      const answer = await api.runs.estimate({ datasetId: datasetId.value, config: config.value })
      if (request !== estimateRequest) return
      estimate.value = answer
      estimateError.value = null
    } catch (error) {
      if (request !== estimateRequest) return
      estimate.value = null
      estimateError.value = toErrorData(error)
    }
  }

  /** Takes over what another run was made with; what differs from its preset counts as changed by hand. */
  async function copyFrom(runId: string): Promise<void> {
    const run = await api.runs.get({ runId })
    datasetId.value = run.datasetId
    mode.value = run.config.mode
    preset.value = run.config.preset
    backboneId.value = run.config.backboneId
    await nextTick()
    await defaults
    const own = toDraft(run.config)
    const keys = changedKeys(run.config, base.value).filter((key) => key !== 'backboneId')
    const contract = Object.keys(own).filter((key) => key === 'contract' || key.startsWith('contract.'))
    changes.value = Object.fromEntries(
      keys.flatMap((key) => (key === 'contract' ? contract : [key])).map((key) => [key, own[key] ?? null])
    )
  }

  return {
    datasetId,
    mode,
    preset,
    chooseBackbone,
    name,
    baseDraft,
    reasons,
    draft,
    problems: computed(() => checked.value.problems),
    config,
    changed,
    estimate,
    estimateError,
    set,
    revert,
    revertAll,
    copyFrom,
    refreshEstimate: loadEstimate
  }
}

export type NewRun = ReturnType<typeof useNewRun>
