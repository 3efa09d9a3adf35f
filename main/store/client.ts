/** The store's face over whatever carries its calls. */
import type { Area, Backend, StoreCall } from './backend'
import type { DatasetStore, ExplanationStore, RunStore, Store } from './store'

export type Carrier = (call: StoreCall) => Promise<unknown>

/** @param carry brings a call to the connection and its answer back; @param close lets go of the database */
export function createClient(carry: Carrier, close: () => Promise<void>): Store {
  const area = <A extends Area>(name: A): Backend[A] =>
    new Proxy({} as Backend[A], {
      get:
        (_target, method) =>
        (...args: unknown[]) =>
          carry({ area: name, method: String(method), args })
    })
  const datasets = area('datasets')
  const runs = area('runs')
  const explanations = area('explanations')

  // A function cannot cross to the thread, so who is alive is asked here.
  const dropUnfinished: DatasetStore['dropUnfinished'] = async (isAlive) => {
    const gone = (await datasets.unfinished()).filter(({ pid }) => !isAlive(pid)).map(({ id }) => id)
    for (const id of gone) await datasets.remove(id)
    return gone
  }
  const interruptOrphans: RunStore['interruptOrphans'] = async (isAlive) => {
    const gone = (await runs.unfinished()).filter(({ pid }) => !isAlive(pid)).map(({ id }) => id)
    return gone.length === 0 ? [] : runs.interrupt(gone)
  }
  const claim: RunStore['claim'] = async (id, ownerPid, isAlive) => {
    for (;;) {
      const holder = await runs.takePlace(id, ownerPid)
      if (holder === null) return null
      const { kind, pid, ...shown } = holder
      // A run that this process is said to train, while it asks for the place, is a former one's; an explanation may be its own.
      if (isAlive(pid) || (kind === 'explanation' && pid === ownerPid)) return shown
      await (kind === 'run' ? runs : explanations).interrupt([shown.id])
    }
  }
  const interruptExplanations: ExplanationStore['interruptOrphans'] = async (isAlive) => {
    const gone = (await explanations.unfinished()).filter(({ pid }) => !isAlive(pid)).map(({ id }) => id)
    await explanations.interrupt(gone)
  }
  const claimForExplanation: ExplanationStore['claim'] = async (id, ownerPid, isAlive) => {
    for (;;) {
      const holder = await explanations.takePlace(id)
      if (holder === null) return null
      const { kind, pid, ...shown } = holder
      if (pid === ownerPid || isAlive(pid)) return shown
      await (kind === 'run' ? runs : explanations).interrupt([shown.id])
    }
  }
  return {
    datasets: withMethods<DatasetStore>(datasets, { dropUnfinished }),
    runs: withMethods<RunStore>(runs, { interruptOrphans, claim }),
    explanations: withMethods<ExplanationStore>(explanations, {
      interruptOrphans: interruptExplanations,
      claim: claimForExplanation
    }),
    advice: area('advice'),
    facts: area('facts'),
    close
  }
}

/** The proxied methods, with some of this side's own in front. */
function withMethods<T extends object>(proxied: object, own: Partial<T>): T {
  return new Proxy(own, {
    get: (target, method) => (Reflect.get(target, method) ?? Reflect.get(proxied, method)) as unknown
  }) as T
}
