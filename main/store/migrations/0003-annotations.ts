/**
 * What is written on a run besides what its training did: tags, notes, star, archive, removal that can be undone, calibration, ignored
 * findings, descent; and runs that another program trained, which have no dataset. A column's NOT NULL cannot be taken away in place, so
 * the table is built anew as in 0002.
 */
import { sql, type Kysely } from 'kysely'

const COLUMNS = `key, id, name, color, dataset_key, dataset_name, dataset_hash, image_count, classes, config, state, owner_pid,
  environment, epochs_done, best, test, seconds, findings, error, checkpoint, created_at, started_at, ended_at`

const STATEMENTS = [
  `create table runs_new (
    key integer primary key,
    id text not null unique,
    name text not null,
    color integer not null,
    dataset_key integer references datasets (key),
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
    ended_at integer,
    tags text not null default '[]' check (json_type(tags) = 'array'),
    notes text not null default '',
    starred integer not null default 0 check (starred in (0, 1)),
    archived_at integer,
    removed_at integer,
    imported text check (json_valid(imported)),
    calibration text check (json_valid(calibration)),
    ignored text not null default '[]' check (json_type(ignored) = 'array'),
    parent text,
    check (dataset_key is not null or imported is not null)
  ) strict`,
  `insert into runs_new (${COLUMNS}) select ${COLUMNS} from runs`,
  `drop table runs`,
  `alter table runs_new rename to runs`,
  `create index runs_by_age on runs (created_at)`,
  `create index runs_by_name on runs (name)`,
  `create index runs_by_dataset on runs (dataset_key)`,
  `create index runs_active on runs (owner_pid) where state in ('queued', 'preparing', 'running')`
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}
