/** Explanations of the gap between two runs, and the experiments that they are made from. */
import { sql, type Kysely } from 'kysely'

const STATEMENTS = [
  // Names no run: an explanation stays readable when its runs are gone.
  `create table explanations (
    id text primary key,
    state text not null check (state in ('queued', 'running', 'completed', 'stopped', 'interrupted', 'failed')),
    owner_pid integer not null,
    trains integer not null default 0 check (trains in (0, 1)),
    document text not null check (json_valid(document)),
    created_at integer not null,
    ended_at integer
  ) strict`,
  `create index explanations_by_age on explanations (created_at)`,
  `create index explanations_active on explanations (owner_pid) where state in ('queued', 'running')`,

  `create table experiments (
    id text primary key,
    dataset_hash text not null,
    config text not null check (json_valid(config)),
    accuracy real not null,
    seconds real not null,
    diverged integer not null check (diverged in (0, 1)),
    correct blob not null,
    created_at integer not null
  ) strict`
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}
