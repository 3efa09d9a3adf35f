/**
 * The table of runs: what it asks for, the rows that came, what is open in it. Outlives the screen, so that coming back shows at once
 * what was there. Its columns, order and groups are kept by the core.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { RunColumn, RunGroup, RunQuery, RunRow, RunTable } from '@shared/domain/run-query'
import type { RunsTableSettings } from '@shared/domain/system'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../api/client'
import { DEFAULT_COLUMNS, valueKeys, type ShownColumn } from '../components/runs/column-layout'
import { allOf, facetConditions, type FacetChoice } from '../components/runs/filter-text'
import { groupConditions, groupKey, groupLines } from '../components/runs/group-lines'
import {
  covering,
  heldRows,
  missing,
  NO_ROWS,
  PAGE,
  rowAt,
  withRows,
  type RowPages
} from '../components/runs/row-pages'
import type { SortKey } from '../components/runs/sorting'
import { useNoticesStore } from './notices'
import { usePreferencesStore } from './preferences'
import { useSystemStore } from './system'

export type Shelf = RunQuery['archived']
type Facets = RunTable['facets']

/** Runs of a group that are shown one by one. */
const MOST_IN_GROUP = 500
/** While runs train, the table is asked for again at most this often. */
const SHORTEST_WAIT_MS = 500

export const useRunTableStore = defineStore('run-table', () => {
  const system = useSystemStore()
  const notices = useNoticesStore()
  const preferences = usePreferencesStore()

  const filter = ref('')
  const chosen = shallowRef<FacetChoice>({})
  const shelf = ref<Shelf>('no')
  const kept = preferences.settings.runsTable
  const columns = shallowRef<readonly ShownColumn[]>(kept?.columns ?? DEFAULT_COLUMNS)
  const sort = shallowRef<readonly SortKey[]>(kept?.sort ?? [{ key: 'created', descending: true }])
  const groupBy = shallowRef<readonly string[]>(kept?.groupBy ?? [])

  const rows = shallowRef<RowPages>(NO_ROWS)
  const groups = shallowRef<readonly RunGroup[]>([])
  const grouped = ref(false)
  const open = shallowRef<ReadonlySet<string>>(new Set())
  const groupRows = shallowRef<ReadonlyMap<string, readonly RunRow[]>>(new Map())
  const facets = shallowRef<Facets>([])
  const known = shallowRef<readonly RunColumn[]>([])
  const loaded = ref(false)
  const failure = shallowRef<ErrorData | null>(null)
  /** Runs stand elsewhere by now, or there are others, and the table waits to be asked. */
  const moved = ref(false)
  /** Set by who shows the table: whether rows have to stay where they are. */
  let hold = (): boolean => false
  let view = { from: 0, to: PAGE }
  let version = 0
  let watchers = 0

  const whole = computed(() => allOf(filter.value, facetConditions(chosen.value)))
  const question = (extra: readonly string[] = []) => ({
    filter: extra.length > 0 ? allOf(whole.value, extra) : whole.value,
    archived: shelf.value,
    sort: [...sort.value]
  })
  const keys = computed(() => valueKeys(columns.value))
  const layout = (): RunsTableSettings => ({
    columns: [...columns.value],
    sort: [...sort.value],
    groupBy: [...groupBy.value]
  })
  const lines = computed(() => groupLines(groups.value, open.value, (key) => groupRows.value.get(key) ?? null))

  /** The message counts characters of what was asked: ask again with what was typed alone, so that they are the ones on the screen. */
  async function fail(error: unknown): Promise<void> {
    const data = toErrorData(error)
    if (data.code !== 'query/invalid') {
      if (system.connection !== 'lost') notices.fail(error, 'Reading the runs')
      return
    }
    const alone = { filter: filter.value, limit: 0, columns: [], facets: [] }
    failure.value = await api.runs.query(alone).then(
      () => data,
      (own: unknown) => toErrorData(own)
    )
  }

  /** Asks anew, because the question is another one. What is shown stays until the answer is there. */
  async function ask(): Promise<void> {
    view = { from: 0, to: PAGE }
    groupRows.value = new Map()
    await refresh()
  }

  /** Reads what is in view again. */
  async function refresh(): Promise<void> {
    const mine = ++version
    const byGroup = groupBy.value.length > 0
    const stretch = covering(view.from, view.to)
    const page = byGroup ? { groupBy: [...groupBy.value], limit: 0 } : stretch
    try {
      const answer = await api.runs.query({ ...question(), ...page, columns: keys.value, facets: [] })
      if (mine !== version) return
      failure.value = null
      groups.value = answer.groups ?? []
      grouped.value = byGroup
      rows.value = byGroup
        ? { ...NO_ROWS, total: answer.total }
        : withRows(NO_ROWS, stretch.offset, answer.rows, answer.total)
      moved.value = false
      loaded.value = true
      await Promise.all([...open.value].map(loadGroup))
      if (mine === version) await askAround()
    } catch (error) {
      if (mine === version) await fail(error)
    }
  }

  /** What stands around the table: how many runs have which values, and which keys there are. */
  async function askAround(): Promise<void> {
    const mine = version
    const typed = { ...question(), filter: filter.value, limit: 0, columns: [] }
    const [counted, all] = await Promise.all([api.runs.query(typed), api.runs.columns()]).catch(() => [null, null])
    if (mine !== version || !counted || !all) return
    facets.value = counted.facets
    known.value = all
  }

  /** Rows of these places are about to be seen. */
  async function want(from: number, to: number): Promise<void> {
    view = { from, to }
    const stretch = missing(rows.value, from, to)
    if (!stretch || grouped.value) return
    const mine = version
    try {
      const answer = await api.runs.query({ ...question(), ...stretch, columns: keys.value, facets: [] })
      if (mine === version) rows.value = withRows(rows.value, stretch.offset, answer.rows, answer.total)
    } catch (error) {
      if (mine === version) fail(error)
    }
  }

  async function loadGroup(key: string): Promise<void> {
    const group = groups.value.find((other) => groupKey(other) === key)
    if (!group) return
    const mine = version
    const input = { ...question(groupConditions(group)), limit: MOST_IN_GROUP, columns: keys.value, facets: [] }
    const answer = await api.runs.query(input)
    if (mine === version) groupRows.value = new Map(groupRows.value).set(key, answer.rows)
  }

  function toggleGroup(key: string): void {
    const next = new Set(open.value)
    if (!next.delete(key)) next.add(key)
    open.value = next
    if (next.has(key) && !groupRows.value.has(key)) void loadGroup(key).catch(fail)
  }

  /** Runs have changed: their values are taken over; their places too, unless somebody is at work in the table. */
  async function follow(): Promise<void> {
    if (failure.value) return
    if (grouped.value || !hold()) return await refresh()
    const mine = version
    const stretch = covering(view.from, view.to)
    const answer = await api.runs.query({ ...question(), ...stretch, columns: keys.value, facets: [] })
    if (mine !== version) return
    const held = heldRows(rows.value, stretch.offset, answer.rows, answer.total)
    rows.value = held.rows
    moved.value ||= held.moved
  }

  let following = false
  let again = false
  async function followOnce(): Promise<void> {
    again = following
    if (following || watchers === 0) return
    following = true
    do {
      again = false
      await follow().catch(fail)
      await new Promise((resolve) => setTimeout(resolve, SHORTEST_WAIT_MS))
    } while (again)
    following = false
  }

  /** Every run's id in the order of the table, up to as many as are given at once. */
  async function allIds(): Promise<string[]> {
    if (grouped.value) return groups.value.flatMap(({ runIds }) => runIds)
    const missed = missing(rows.value, 0, rows.value.total)
    if (missed) await want(0, rows.value.total)
    return idsBetween(0, rows.value.total - 1)
  }

  const idsBetween = (first: number, last: number): string[] => {
    const ids: string[] = []
    for (let at = Math.min(first, last); at <= Math.max(first, last); at++) {
      const row = grouped.value ? lineRow(at) : rowAt(rows.value, at)
      if (row) ids.push(row.id)
    }
    return ids
  }
  const lineRow = (at: number): RunRow | null => {
    const line = lines.value[at]
    return line?.type === 'run' ? line.row : null
  }

  watch([whole, shelf, sort, groupBy], () => watchers > 0 && void ask())
  watch(keys, (now, before) => {
    if (watchers > 0 && now.some((key) => !before.includes(key))) void ask()
  })
  watch(
    () => [system.connection === 'live', system.revision.runs],
    ([live]) => live && loaded.value && void followOnce()
  )
  watch([columns, sort, groupBy], () => {
    if (JSON.stringify(preferences.settings.runsTable) !== JSON.stringify(layout()))
      void preferences.set({ runsTable: layout() })
  })

  // Another door, or this one before the core had answered, may have left it differently.
  watch(
    () => preferences.settings.runsTable,
    (stored) => {
      if (!stored || JSON.stringify(stored) === JSON.stringify(layout())) return
      columns.value = stored.columns
      sort.value = stored.sort
      groupBy.value = stored.groupBy
    }
  )

  /** Called by the screen before anything of it is drawn, so that the rows are on their way meanwhile. @returns what ends it */
  function watchTable(): () => void {
    watchers++
    void ask()
    return () => void watchers--
  }

  return {
    ...{ filter, chosen, shelf, columns, sort, groupBy, rows, groups, grouped, open, lines, facets, known, loaded },
    ...{ failure, moved, whole, keys, question, refresh, want, toggleGroup, watchTable, allIds, idsBetween },
    holdWhile: (mayHold: () => boolean) => void (hold = mayHold),
    count: computed(() => (grouped.value ? lines.value.length : rows.value.total)),
    /** Anything that keeps runs away. */
    narrowed: computed(() => whole.value !== '')
  }
})
