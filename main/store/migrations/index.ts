/** Every migration, oldest first. A migration that was released is never changed: a later one corrects it. */
import type { Migration } from 'kysely/migration'
import { up as initial } from './0001-initial'
import { up as resume } from './0002-resume'
import { up as annotations } from './0003-annotations'
import { up as explanations } from './0004-explanations'
import { up as runTable } from './0005-run-table'
import { up as advice } from './0006-advice'

export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': { up: initial },
  '0002-resume': { up: resume },
  '0003-annotations': { up: annotations },
  '0004-explanations': { up: explanations },
  '0005-run-table': { up: runTable },
  '0006-advice': { up: advice }
}
