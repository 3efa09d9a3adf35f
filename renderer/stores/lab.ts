/**
 * Hub against Keras: the pair that is trained, the doctor's look at the naive one, and the explanation of the gap. Goes on from step
 * to step wherever the user is, and is where it was when the screen, or the page, is opened again.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Backbone } from '@shared/domain/backbone'
import type { Dataset } from '@shared/domain/dataset'
import { isSettled, type Run } from '@shared/domain/run'
import type { ExplanationState } from '@shared/domain/explanation'
import { StudioError, toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../api/client'
import { labBackbones, naiveFor, twinChoices, twinOf } from '../components/lab/lab-pair'
import {
  doctorState,
  gapState,
  labMemorySchema,
  nextStep,
  NOTHING_YET,
  trainState,
  withoutPictures,
  type LabFacts
} from '../components/lab/lab-state'
import { useRemembered } from '../components/curves/use-remembered'
import { useDatasetsStore } from './datasets'
import { useModelsStore } from './models'
import { useRunsStore } from './runs'
import { useSystemStore } from './system'

const GAP_SECONDS = 300
/** Two show how much is chance, and leave time for every factor. */
const GAP_SEEDS = 2
const TAG = 'lab'

export const useLabStore = defineStore('lab', () => {
  const datasets = useDatasetsStore()
  const models = useModelsStore()
  const runs = useRunsStore()
  const system = useSystemStore()
  const memory = useRemembered('whetstone.lab', labMemorySchema, NOTHING_YET)
  const starting = ref(false)
  /** While the sample is being brought in. */
  const importing = ref(false)
  const examining = ref(false)
  const explaining = ref(false)
  const explanation = ref<ExplanationState | null>(null)
  const failure = shallowRef<ErrorData | null>(null)

  const ready = computed(() => datasets.list.filter(({ state }) => state === 'ready'))
  /** What was chosen; else the sample, else the newest. Null: the sample will be brought in. */
  const dataset = computed(
    () =>
      ready.value.find(({ id }) => id === memory.value.datasetId) ??
      ready.value.find(({ source }) => source === 'sample') ??
      ready.value[0] ??
      null
  )
  const choices = computed(() => labBackbones(models.list))
  const twins = computed(() => twinChoices(models.list))
  const hub = computed(() => choices.value.find(({ id }) => id === memory.value.hubId) ?? choices.value[0] ?? null)
  const ownTwin = computed(() => hub.value && twinOf(hub.value, models.list))
  const twin = computed(
    () => twins.value.find(({ id }) => id === memory.value.twinId) ?? ownTwin.value ?? twins.value[0] ?? null
  )
  const runOf = (id: string | null): Run | null => (id === null ? null : runs.byId(id))
  const naive = computed(() => runOf(memory.value.naiveId))
  const correct = computed(() => runOf(memory.value.correctId))

  const facts = computed<LabFacts>(() => ({
    naive: naive.value,
    correct: correct.value,
    starting: starting.value,
    examining: examining.value,
    examined: memory.value.diagnosis !== null,
    explaining: explaining.value,
    explanation: explanation.value
  }))

  const change = (changes: Partial<typeof NOTHING_YET>): void => void (memory.value = { ...memory.value, ...changes })

  /** Another pair: what was found of the one before is no longer of it. */
  function choose(changes: { datasetId?: string; hubId?: string; twinId?: string | null }): void {
    change({ ...changes, ...(changes.hubId !== undefined && { twinId: null }) })
  }

  async function open(): Promise<void> {
    await Promise.all([
      models.loaded ? null : models.refresh(),
      datasets.loaded ? null : datasets.refresh(),
      runs.loaded ? null : runs.refresh()
    ])
    const { explanationId } = memory.value
    if (explanationId && explanation.value === null) {
      const found = await api.explain.get({ explanationId }).catch(() => null)
      if (found) explanation.value = found.state
      else change({ explanationId: null })
    }
    advance()
  }

  async function start(): Promise<void> {
    failure.value = null
    starting.value = true
    try {
      const data = dataset.value ?? (await sample())
      if (!data || !hub.value || !twin.value) return
      explanation.value = null
      const [naiveRun, correctRun] = await startPair(data, hub.value, twin.value)
      change({
        datasetId: data.id,
        naiveId: naiveRun.id,
        correctId: correctRun.id,
        ...{ diagnosis: null, explanationId: null, going: true }
      })
    } catch (error) {
      failure.value = toErrorData(error)
    } finally {
      starting.value = false
    }
  }

  async function startPair(data: Dataset, left: Backbone, right: Backbone): Promise<[Run, Run]> {
    const configured = async (preset: 'naive' | 'default', backboneId: string) =>
      (await api.runs.defaults({ datasetId: data.id, mode: 'head', preset, backboneId })).config
    const both = [
      { name: 'lab, naive', config: naiveFor(left, await configured('naive', left.id)) },
      { name: 'lab, default', config: await configured('default', right.id) }
    ]
    const started: Run[] = []
    for (const one of both) started.push(await api.runs.start({ datasetId: data.id, ...one }))
    await api.runs.annotate({ runIds: started.map(({ id }) => id), tags: { add: [TAG], remove: [] } })
    for (const run of started) runs.put(run)
    return [started[0]!, started[1]!]
  }

  /** On a fresh machine the studio's own pictures; null: why not is told already. */
  async function sample(): Promise<Dataset | null> {
    importing.value = true
    try {
      const begun = await datasets.importSample()
      if (!begun) return null
      return await new Promise<Dataset>((resolve, reject) => {
        const end = watch(
          () => [datasets.byId(begun.id), system.jobs.find((job) => job.datasetId === begun.id)] as const,
          ([found, job]) => {
            if (found?.state === 'ready') resolve(found)
            else if (job?.state === 'failed' && job.error) reject(StudioError.fromData(job.error))
            else return
            queueMicrotask(() => end())
          },
          { immediate: true }
        )
      })
    } finally {
      importing.value = false
    }
  }

  async function examine(): Promise<void> {
    const runId = memory.value.naiveId
    if (!runId || examining.value) return
    examining.value = true
    failure.value = null
    try {
      const found = await api.doctor.run({ runId })
      if (memory.value.naiveId === runId) change({ diagnosis: withoutPictures(found) })
    } catch (error) {
      halt(error)
    } finally {
      examining.value = false
    }
  }

  async function explain(): Promise<void> {
    const { naiveId: a, correctId: b } = memory.value
    if (!a || !b || explaining.value) return
    explaining.value = true
    failure.value = null
    try {
      const { id, state } = await api.explain.start({ a, b, budgetSeconds: GAP_SECONDS, seeds: GAP_SEEDS })
      change({ explanationId: id })
      explanation.value = state
    } catch (error) {
      halt(error)
    } finally {
      explaining.value = false
    }
  }

  /** What failed is not tried again by itself. */
  function halt(error: unknown): void {
    failure.value = toErrorData(error)
    change({ going: false })
  }

  function advance(): void {
    if (!memory.value.going) return
    const next = nextStep(facts.value)
    if (next === 'doctor') void examine()
    else if (next === 'gap') void explain()
  }
  watch(facts, advance)

  /** Ends what goes on; a step can be taken by hand after. */
  async function stop(): Promise<void> {
    change({ going: false })
    for (const run of [naive.value, correct.value]) if (run && !isSettled(run.state)) await runs.stop(run.id)
    const { explanationId } = memory.value
    if (explanationId && gapState(facts.value) === 'active') await api.explain.stop({ explanationId }).catch(halt)
  }

  return {
    memory,
    dataset,
    ready,
    choices,
    twins,
    hub,
    twin,
    ownTwin,
    naive,
    correct,
    importing,
    failure,
    states: computed(() => ({
      train: trainState(facts.value),
      doctor: doctorState(facts.value),
      gap: gapState(facts.value)
    })),
    choose,
    open,
    start,
    stop,
    examine,
    explain,
    /** Of the explanation, as its watcher sees it. */
    tell: (state: ExplanationState): void => void (explanation.value = state)
  }
})
