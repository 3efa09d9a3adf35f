/** The imported datasets. Asked again whenever the core says that they changed. */
import { defineStore } from 'pinia'
import { ref, shallowRef, watch } from 'vue'
import type { Dataset } from '@shared/domain/dataset'
import { api } from '../api/client'
import { useNoticesStore } from './notices'
import { useSystemStore } from './system'

export const useDatasetsStore = defineStore('datasets', () => {
  const system = useSystemStore()
  const notices = useNoticesStore()
  const list = shallowRef<Dataset[]>([])
  const loaded = ref(false)

  async function refresh(): Promise<void> {
    try {
      list.value = await api.datasets.list()
      loaded.value = true
    } catch (error) {
      // A lost connection is on the status bar already, and the stream's return asks again.
      if (system.connection === 'live') notices.fail(error, 'Reading the datasets')
    }
  }

  watch(
    () => [system.connection === 'live', system.revision.datasets],
    ([live]) => live && void refresh()
  )

  const byId = (id: string): Dataset | null => list.value.find((dataset) => dataset.id === id) ?? null

  function put(dataset: Dataset): void {
    list.value = [dataset, ...list.value.filter(({ id }) => id !== dataset.id)]
  }

  /** @returns the new dataset, which fills while its job runs; null when the import could not start (told already). */
  async function importFolder(path: string): Promise<Dataset | null> {
    return started(() => api.datasets.import({ path }), `Import of ${path}`)
  }

  const importSample = (): Promise<Dataset | null> => started(() => api.datasets.importSample(), 'Import of the sample')

  const reimport = (datasetId: string): Promise<Dataset | null> =>
    started(() => api.datasets.reimport({ datasetId }), 'Looking at the folder again')

  async function started(call: () => Promise<{ dataset: Dataset }>, doing: string): Promise<Dataset | null> {
    try {
      const { dataset } = await call()
      put(dataset)
      return dataset
    } catch (error) {
      notices.fail(error, doing)
      return null
    }
  }

  async function rename(datasetId: string, name: string): Promise<void> {
    try {
      const renamed = await api.datasets.rename({ datasetId, name })
      list.value = list.value.map((dataset) => (dataset.id === datasetId ? renamed : dataset))
    } catch (error) {
      notices.fail(error, 'Renaming the dataset')
    }
  }

  /** @returns whether it is gone */
  async function remove(datasetId: string): Promise<boolean> {
    try {
      await api.datasets.remove({ datasetId })
      list.value = list.value.filter((dataset) => dataset.id !== datasetId)
      return true
    } catch (error) {
      notices.fail(error, 'Removing the dataset')
      return false
    }
  }

  return { list, loaded, byId, refresh, importFolder, importSample, reimport, rename, remove }
})
