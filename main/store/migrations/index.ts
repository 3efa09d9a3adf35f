/** Every migration, oldest first. A migration that was released is never changed: a later one corrects it. */
import type { Migration } from 'kysely/migration'
import { up as initial } from './0001-initial'
import { up as resume } from './0002-resume'

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': { up: initial },
  '0002-resume': { up: resume }
}
