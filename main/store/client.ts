/** The store's face over whatever carries its calls. */
import { type Area, type Backend, type StoreCall } from './backend'
import type { DatasetStore, RunStore, Store } from './store'

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
      if (holder === null || isAlive(holder.pid)) return holder && { id: holder.id, name: holder.name }
      await runs.interrupt([holder.id])
    }
  }
  return {
    datasets: withMethods<DatasetStore>(datasets, { dropUnfinished }),
    runs: withMethods<RunStore>(runs, { interruptOrphans, claim }),
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
