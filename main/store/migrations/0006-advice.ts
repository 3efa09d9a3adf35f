/** Advice on backbones is made of the same experiments as an explanation, one at a time with them, and lives beside it. */
import { sql, type Kysely } from 'kysely'

const STATEMENTS = [
  `alter table explanations add column kind text not null default 'explanation' check (kind in ('explanation', 'advice'))`,
  `create index advice_by_dataset on explanations (document ->> '$.datasetId', created_at) where kind = 'advice'`
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}
