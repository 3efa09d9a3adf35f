/**
 * Runs that rest and go on: the state `paused`, and where a resumed run goes on. A CHECK cannot be changed in place, so the table is
 * built anew under another name (https://www.sqlite.org/lang_altertable.html#otheralter); keys stay, and with them whatever refers to them.
 */
import { sql, type Kysely } from 'kysely'

const COLUMNS = `key, id, name, color, dataset_key, dataset_name, dataset_hash, image_count, classes, config, state, owner_pid,
  environment, epochs_done, best, test, seconds, findings, error, created_at, started_at, ended_at`

const STATEMENTS = [
  `create table runs_new (
    key integer primary key,
    id text not null unique,
    name text not null,
    color integer not null,
    dataset_key integer not null references datasets (key),
    dataset_name text not null,
    dataset_hash text not null,
    image_count integer not null,
    classes text not null check (json_valid(classes)),
    config text not null check (json_valid(config)),
    state text not null check (
      state in ('queued', 'preparing', 'running', 'paused', 'completed', 'stopped', 'failed', 'interrupted')
    ),
    owner_pid integer not null,
    environment text check (json_valid(environment)),
    epochs_done integer not null default 0,
    best text check (json_valid(best)),
    test text check (json_valid(test)),
    seconds text check (json_valid(seconds)),
    findings text not null default '[]' check (json_valid(findings)),
    error text check (json_valid(error)),
    checkpoint text check (json_valid(checkpoint)),
    created_at integer not null,
    started_at integer,
    ended_at integer
  ) strict`,
  `insert into runs_new (${COLUMNS}) select ${COLUMNS} from runs`,
  `drop table runs`,
  `alter table runs_new rename to runs`,
  `create index runs_by_age on runs (created_at)`,
  `create index runs_by_name on runs (name)`,
  `create index runs_by_dataset on runs (dataset_key)`,
  `create index runs_active on runs (owner_pid) where state in ('queued', 'preparing', 'running')`,
  `update runs set environment = json_set(environment, '$.hashes', null) where environment is not null`
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}
