/** The runs of the table with all that could have mattered, and what is drawn of them. */
import { computed, onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import type { RunRow } from '@shared/domain/run-query'
import { api } from '../../api/client'
import { useCompareStore } from '../../stores/compare'
import { useNoticesStore } from '../../stores/notices'
import { useRunTableStore } from '../../stores/run-table'
import { useSystemStore } from '../../stores/system'
import { buildAxis, type Axis } from './axes'
import type { Brushes } from './brushes'
import { settingImportance } from './importance'
import { sweepLines } from './sweep-lines'

/** More lines than these are a grey field, and take the page's memory. */
export const MOST_RUNS_DRAWN = 3000
/** Settings that are asked for; a run of another program may bring hundreds. */
const MOST_SETTINGS = 80
const FIRST_AXES = 5
/** What is drawn before anything is chosen, the first that runs have: chosen on validation, as a run should be. */
const TARGETS = ['atBest.validation_accuracy', 'best.validation_accuracy', 'best.validation_loss', 'test.accuracy']
/** Facts that are chosen like settings. */
const CHOSEN_FACTS = new Set(['dataset', 'device', 'executor', 'source'])

export function useSweep() {
  const table = useRunTableStore()
  const compare = useCompareStore()
  const notices = useNoticesStore()
  const system = useSystemStore()

  const rows = shallowRef<readonly RunRow[]>([])
  const total = ref(0)
  const loaded = ref(false)
  const chosenTarget = ref<string | null>(null)
  /** Null: those that mattered most. */
  const chosenAxes = shallowRef<readonly string[] | null>(null)
  const chosenX = ref<string | null>(null)
  const scales = shallowRef<Readonly<Record<string, 'linear' | 'log'>>>({})
  const brushes = shallowRef<Brushes>({})

  const settings = computed(() =>
    table.known
      .filter(({ key, group, varies }) => varies && (group === 'setting' || CHOSEN_FACTS.has(key)) && key !== 'seed')
      .map(({ key }) => key)
      .slice(0, MOST_SETTINGS)
  )
  const metrics = computed(() => table.known.filter(({ group, kind }) => group === 'metric' && kind === 'number'))
  const target = computed(
    () =>
      chosenTarget.value ??
      TARGETS.find((key) => metrics.value.some((metric) => metric.key === key)) ??
      metrics.value[0]?.key ??
      'test.accuracy'
  )
  const importance = computed(() => settingImportance(rows.value, settings.value, target.value))
  const axisKeys = computed(() => {
    if (chosenAxes.value) return [...chosenAxes.value.filter((key) => key !== target.value), target.value]
    const mattered = importance.value?.settings.map(({ key }) => key) ?? settings.value
    return [...mattered.slice(0, FIRST_AXES), target.value]
  })
  const axisOf = (key: string): Axis => buildAxis(key, rows.value, scales.value[key] ?? null)
  const axes = computed(() => axisKeys.value.map(axisOf))
  const lines = computed(() => sweepLines(rows.value, axes.value, brushes.value))
  const xKey = computed(() => chosenX.value ?? axisKeys.value.find((key) => key !== target.value) ?? 'created')
  const scatter = computed(() => ({ x: axisOf(xKey.value), y: axisOf(target.value) }))

  const keys = computed(() => [...new Set([...settings.value, ...axisKeys.value, target.value, xKey.value])].sort())
  let version = 0
  async function load(): Promise<void> {
    const mine = ++version
    try {
      const input = { ...table.question(), limit: MOST_RUNS_DRAWN, columns: keys.value, facets: [] }
      const answer = await api.runs.query(input)
      if (mine !== version) return
      rows.value = answer.rows
      total.value = answer.total
      loaded.value = true
    } catch (error) {
      // A filter that cannot be read is told beside the filter.
      if (mine === version && !table.failure) notices.fail(error, 'Reading the runs')
    }
  }
  watch(
    () => [table.whole, table.shelf, keys.value.join('\n')],
    () => void load(),
    { immediate: true }
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    () => system.revision.runs,
    () => {
      clearTimeout(timer)
      timer = setTimeout(() => void load(), 1000)
    }
  )
  onBeforeUnmount(() => clearTimeout(timer))

  /** What lies within the brushes is what is ticked in the table; without a brush, nothing changes. */
  let brushed: ReadonlySet<string> | null = null
  function selectBrushed(): void {
    const none = Object.keys(brushes.value).length === 0
    if (none && !brushed) return
    compare.select(none ? [] : lines.value.filter(({ inside }) => inside).map(({ row }) => row.id))
    brushed = none ? null : compare.selected
  }
  // Ticked otherwise since: the brushes say something else than the table by now.
  watch(
    () => compare.selected,
    (selected) => {
      if (!brushed || selected === brushed) return
      brushed = null
      brushes.value = {}
    }
  )
  function toggle(runId: string): void {
    const next = new Set(compare.selected)
    if (!next.delete(runId)) next.add(runId)
    compare.select(next)
  }
  function toggleAxis(key: string): void {
    const now = axisKeys.value.filter((other) => other !== target.value)
    chosenAxes.value = now.includes(key) ? now.filter((other) => other !== key) : [...now, key]
    brushes.value = Object.fromEntries(
      Object.entries(brushes.value).filter(([other]) => chosenAxes.value!.includes(other))
    )
  }
  const switchScale = (key: string): void => {
    const now = axes.value.find((axis) => axis.key === key)?.scale
    scales.value = { ...scales.value, [key]: now === 'log' ? 'linear' : 'log' }
  }

  return {
    ...{
      rows,
      total,
      loaded,
      metrics,
      target,
      chosenTarget,
      importance,
      axisKeys,
      axes,
      lines,
      xKey,
      chosenX,
      scatter
    },
    ...{ brushes, selectBrushed, toggle, toggleAxis, switchScale }
  }
}
