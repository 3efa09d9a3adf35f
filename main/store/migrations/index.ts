/** Every migration, oldest first. A migration that was released is never changed: a later one corrects it. */
import type { Migration } from 'kysely/migration'
import { up as initial } from './0001-initial'

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': { up: initial }
}
