/** Small facts by key. */
import { fromJson } from '../json'
import type { Connection } from '../database'
import type { FactStore } from '../store'

export function factQueries({ db }: Connection): FactStore {
  return {
    get: async (key) => {
      const row = await db.selectFrom('facts').select('value').where('key', '=', key).executeTakeFirst()
      return row ? fromJson<unknown>(row.value) : null
    },
    set: async (key, value) => {
      // JSON has no undefined.
      const fact = { value: JSON.stringify(value ?? null), updated_at: Date.now() }
      await db
        .insertInto('facts')
        .values({ key, ...fact })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(fact))
        .execute()
    }
  }
}
