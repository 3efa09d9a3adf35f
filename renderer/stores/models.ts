/** The backbones that are here and those that can be fetched. Asked again whenever the core says that they changed. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { Backbone, BackboneOffer } from '@shared/domain/backbone'
import type { Job } from '@shared/domain/job'
import { toErrorData, type ErrorData } from '@shared/errors'
import { api } from '../api/client'
import { useNoticesStore } from './notices'
import { useSystemStore } from './system'

type ImportInput = Parameters<typeof api.models.import>[0]
type CreateInput = Parameters<typeof api.models.create>[0]

export const useModelsStore = defineStore('models', () => {
  const system = useSystemStore()
  const notices = useNoticesStore()
  const list = shallowRef<Backbone[]>([])
  const offers = shallowRef<BackboneOffer[]>([])
  const loaded = ref(false)
  const failure = shallowRef<ErrorData | null>(null)
  /** Imports that failed and whose failure was read. */
  const dismissed = ref(new Set<string>())

  const jobs = computed(() => system.jobs.filter(({ kind }) => kind === 'backbone'))
  const arriving = computed(() => jobs.value.filter(({ state }) => state === 'running'))
  const failed = computed(() => jobs.value.filter(({ id, state }) => state === 'failed' && !dismissed.value.has(id)))
  /** Offers that are not here and not on their way. */
  const fetchable = computed(() =>
    offers.value.filter(({ present, name }) => !present && !arriving.value.some(({ title }) => title.endsWith(name)))
  )

  async function refresh(): Promise<void> {
    try {
      const [backbones, found] = await Promise.all([api.models.list(), api.models.offers()])
      list.value = backbones
      offers.value = found
      loaded.value = true
      failure.value = null
    } catch (error) {
      failure.value = toErrorData(error)
    }
  }

  watch(
    () => [system.connection === 'live', system.revision.models],
    ([live]) => live && loaded.value && void refresh()
  )

  /** Tells what fails, and answers null then. */
  async function told<T>(call: () => Promise<T>, doing: string): Promise<T | null> {
    try {
      return await call()
    } catch (error) {
      notices.fail(error, doing)
      return null
    }
  }

  const put = (changed: Backbone | null): boolean => {
    if (changed) list.value = list.value.map((backbone) => (backbone.id === changed.id ? changed : backbone))
    return changed !== null
  }

  return {
    list,
    offers,
    fetchable,
    loaded,
    failure,
    arriving,
    failed,
    refresh,
    byId: (id: string | null): Backbone | null => list.value.find((backbone) => backbone.id === id) ?? null,
    dismiss: (jobId: string): void => void (dismissed.value = new Set([...dismissed.value, jobId])),
    importModel: (input: ImportInput): Promise<Job | null> => told(() => api.models.import(input), 'Importing a model'),
    create: (input: CreateInput): Promise<Job | null> => told(() => api.models.create(input), 'Creating a backbone'),
    fetchOffer: (offer: string): Promise<Job | null> => told(() => api.models.fetch({ offer }), 'Fetching a backbone'),
    rename: async (backboneId: string, name: string): Promise<boolean> =>
      put(await told(() => api.models.rename({ backboneId, name }), 'Renaming the backbone')),
    setContract: async (backboneId: string, contract: Backbone['contract']): Promise<boolean> =>
      put(await told(() => api.models.setContract({ backboneId, contract }), 'Setting the contract')),
    measure: async (backboneId: string, quick = false): Promise<void> =>
      void (await told(() => api.models.measure({ backboneId, quick }), 'Measuring')),
    /** @returns why it stays, or null when it is gone */
    remove: async (backboneId: string, force: boolean): Promise<ErrorData | null> => {
      try {
        await api.models.remove({ backboneId, force })
        list.value = list.value.filter(({ id }) => id !== backboneId)
        return null
      } catch (error) {
        return toErrorData(error)
      }
    }
  }
})
