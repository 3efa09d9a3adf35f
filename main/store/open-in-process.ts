/** The store without its thread: the same queries on the caller's own, for commands, which have nothing to draw meanwhile, and tests. */
import { closeConnection, createDispatcher } from './backend'
import { createClient } from './client'
import { openDatabase, type DatabaseOptions } from './database'
import type { Store } from './store'

/** @throws StudioError store/newer, store/corrupt, store/locked, store/disk-full, store/unwritable */
export async function openStoreInProcess(file: string, options: DatabaseOptions = {}): Promise<Store> {
  const connection = await openDatabase(file, options)
  const dispatch = createDispatcher(connection)
  return createClient(dispatch, async () => closeConnection(connection))
}
