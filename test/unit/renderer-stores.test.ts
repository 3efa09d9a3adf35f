// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nextTick } from 'vue'
import type { Dataset } from '@shared/domain/dataset'
import type { Job } from '@shared/domain/job'
import type { SystemStatus } from '@shared/domain/system'
import { StudioError } from '@shared/errors'
import { api } from '../../renderer/api/client'
import { useDatasetsStore } from '../../renderer/stores/datasets'
import { useNoticesStore } from '../../renderer/stores/notices'
import { usePreferencesStore } from '../../renderer/stores/preferences'
import { useShellStore } from '../../renderer/stores/shell'
import { useSystemStore } from '../../renderer/stores/system'

const toasts = vi.hoisted(() => ({ add: vi.fn(), clear: vi.fn() }))
vi.mock('@nuxt/ui/composables', () => ({ useToast: () => toasts }))
vi.mock('../../renderer/api/client', () => ({
  api: {
    system: {
      watch: vi.fn(),
      info: vi.fn(async () => null),
      settings: vi.fn(),
      saveSettings: vi.fn(),
      cancelJob: vi.fn()
    },
    datasets: { list: vi.fn(), importSample: vi.fn(), remove: vi.fn() }
  }
}))

const job = (over: Partial<Job>): Job => ({
  id: 'j',
  kind: 'train',
  title: 'lite0-01',
  state: 'running',
  phase: '',
  done: 0,
  total: 0,
  etaSeconds: null,
  stoppable: true,
  runId: null,
  datasetId: null,
  backboneId: null,
  error: null,
  startedAt: 0,
  endedAt: null,
  ...over
})
const failure = (id: string): Job =>
  job({ id, state: 'failed', error: new StudioError('run/crashed', `The worker of ${id} ended.`).toData() })
const status = (jobs: Job[], datasets = 1, runs = 1): SystemStatus =>
  ({ jobs, revision: { datasets, runs, models: 1 }, device: {} }) as unknown as SystemStatus

/** A stream of the core's status, played by hand. */
function playStatus() {
  const queue: SystemStatus[] = []
  let wake: () => void = () => undefined
  vi.mocked(api.system.watch).mockImplementation(((_: undefined, { signal }: { signal: AbortSignal }) =>
    Promise.resolve(
      (async function* () {
        while (!signal.aborted) {
          while (queue.length) yield queue.shift()!
          await new Promise<void>((resolve) => (wake = resolve))
        }
      })()
    )) as unknown as typeof api.system.watch)
  return async (next: SystemStatus): Promise<void> => {
    queue.push(next)
    wake()
    await vi.waitFor(() => expect(queue).toHaveLength(0))
    await nextTick()
    await nextTick()
  }
}

beforeEach(() => {
  localStorage.clear()
  setActivePinia(createPinia())
})
afterEach(() => {
  useSystemStore().close()
  vi.clearAllMocks()
})

test('a job that fails while the page is open is told once; one from before is not', async () => {
  const send = playStatus()
  useSystemStore().start()
  await send(status([failure('old'), job({ id: 'new' })]))
  expect(toasts.add).not.toHaveBeenCalled()
  await send(status([failure('old'), failure('new')]))
  await send(status([failure('old'), failure('new')]))
  expect(toasts.add).toHaveBeenCalledTimes(1)
  expect(useNoticesStore().errors[0]).toMatchObject({
    doing: 'lite0-01',
    error: { message: 'The worker of new ended.' }
  })
})

test('running jobs are counted, and found by what they work on', async () => {
  const send = playStatus()
  const system = useSystemStore()
  system.start()
  await send(
    status([
      job({ id: 'a', runId: 'r1', datasetId: 'd1' }),
      job({ id: 'b', kind: 'import', datasetId: 'd1' }),
      job({ id: 'c', runId: 'r2', state: 'done' })
    ])
  )
  expect(system.liveRunCount).toBe(1)
  expect(system.jobOf({ datasetId: 'd1' })?.id).toBe('b')
  expect(system.jobOf({ runId: 'r1' })?.id).toBe('a')
  expect(system.jobOf({ runId: 'r2' })).toBeNull()
})

test('a page that the studio does not know is told apart from a studio that does not answer', async () => {
  const system = useSystemStore()
  vi.mocked(api.system.watch).mockRejectedValue(new StudioError('request/forbidden', 'Not known.'))
  system.start()
  await vi.waitFor(() => expect(system.connection).toBe('refused'))
  system.close()
  vi.mocked(api.system.watch).mockRejectedValue(new StudioError('request/unreachable', 'No answer.'))
  system.start()
  await vi.waitFor(() => expect(system.connection).toBe('lost'))
})

test('datasets are asked again when the core says that they changed, and only then', async () => {
  const send = playStatus()
  vi.mocked(api.datasets.list).mockResolvedValue([{ id: 'd1' } as Dataset])
  const datasets = useDatasetsStore()
  useSystemStore().start()
  await send(status([], 1))
  await send(status([job({})], 1))
  await send(status([job({})], 1, 2))
  expect(api.datasets.list).toHaveBeenCalledTimes(1)
  expect(datasets.byId('d1')).not.toBeNull()
  vi.mocked(api.datasets.list).mockResolvedValue([])
  await send(status([], 2))
  expect(api.datasets.list).toHaveBeenCalledTimes(2)
  expect(datasets.list).toEqual([])
})

test('what fails stays in the list and leaves the datasets as they were', async () => {
  const datasets = useDatasetsStore()
  vi.mocked(api.datasets.importSample).mockResolvedValue({ dataset: { id: 'd1' } as Dataset, job: job({}) })
  expect(await datasets.importSample()).toEqual({ id: 'd1' })
  vi.mocked(api.datasets.remove).mockRejectedValue(new StudioError('dataset/in-use', 'Three runs use it.'))
  expect(await datasets.remove('d1')).toBe(false)
  expect(datasets.list).toHaveLength(1)
  expect(useNoticesStore().errors[0]!.error).toMatchObject({ code: 'dataset/in-use', message: 'Three runs use it.' })
})

test('the same failure at once is one notice; an abort is none; the list can be emptied', () => {
  vi.useFakeTimers({ now: 1000 })
  const notices = useNoticesStore()
  const error = new StudioError('image/corrupt', 'a.jpg is cut short.')
  notices.fail(error)
  notices.fail(error)
  notices.fail(new DOMException('stopped', 'AbortError'))
  expect(notices.errors).toHaveLength(1)
  vi.setSystemTime(2500)
  notices.fail(error)
  expect([notices.errors.length, notices.unread]).toEqual([2, 2])
  notices.dismiss(notices.errors[0]!.id)
  expect(notices.errors.map(({ at }) => at)).toEqual([1000])
  notices.clear()
  expect(notices.errors).toEqual([])
  vi.useRealTimers()
})

test('in a browser a folder is asked for in our own dialog; a second question takes the place of the first', async () => {
  const shell = useShellStore()
  const first = shell.pickFolder({ title: 'Import a folder', action: 'Import' })
  const second = shell.pickFolder({ title: 'Export', action: 'Export here' })
  expect(shell.folderQuestion?.title).toBe('Export')
  shell.answer('/data/out')
  expect(await Promise.all([first, second])).toEqual([null, '/data/out'])
  expect(shell.folderQuestion).toBeNull()
})

test('in the window the system asks', async () => {
  vi.stubGlobal('whetstone', { pickFolder: async () => '/data/roses' })
  expect(await useShellStore().pickFolder({ title: 'Import a folder', action: 'Import' })).toBe('/data/roses')
  expect(useShellStore().folderQuestion).toBeNull()
  vi.unstubAllGlobals()
})

test('the theme holds at once and after a reload, even when the core cannot keep it', async () => {
  vi.mocked(api.system.saveSettings).mockRejectedValue(new StudioError('store/disk-full', 'No room.'))
  await usePreferencesStore().set({ theme: 'dark' })
  expect(document.documentElement.classList.contains('dark')).toBe(true)
  setActivePinia(createPinia())
  expect(usePreferencesStore().settings.theme).toBe('dark')
  vi.mocked(api.system.settings).mockResolvedValue({ theme: 'light', sidebarCollapsed: true })
  await usePreferencesStore().load()
  await nextTick()
  expect(document.documentElement.classList.contains('dark')).toBe(false)
  localStorage.setItem('whetstone.settings', '{broken')
  setActivePinia(createPinia())
  expect(usePreferencesStore().settings.theme).toBe('system')
})
