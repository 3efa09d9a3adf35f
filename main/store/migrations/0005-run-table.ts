/**
 * What the table of runs is filtered, sorted and counted by, so that it never reads a run's configuration nor its points: the values of a
 * run by key, its tags, its words, and what each series comes to. All of it follows from `runs` and `metric_points`, and is made anew
 * from them when the way it is made changes (see ../run-table/rebuild.ts).
 */
import { sql, type Kysely } from 'kysely'

const STATEMENTS = [
  `create index runs_by_shelf on runs (removed_at, archived_at, created_at)`,

  `create table run_keys (
    id integer primary key,
    name text not null unique,
    kind text not null check (kind in ('setting', 'fact', 'metric'))
  ) strict`,

  // A number has a number, a text a text, a boolean both: 0 and 'false', 1 and 'true'.
  `create table run_values (
    run_key integer not null references runs (key) on delete cascade,
    key_id integer not null references run_keys (id),
    number real,
    text text,
    primary key (run_key, key_id),
    check (number is not null or text is not null)
  ) strict, without rowid`,
  `create index run_values_by_number on run_values (key_id, number, run_key) where number is not null`,
  `create index run_values_by_text on run_values (key_id, text, run_key) where text is not null`,

  `create table run_tags (
    run_key integer not null references runs (key) on delete cascade,
    tag text not null,
    primary key (run_key, tag)
  ) strict, without rowid`,
  `create index run_tags_by_tag on run_tags (tag, run_key)`,

  // In lower case: what is looked for without naming a key.
  `create table run_words (
    run_key integer primary key references runs (key) on delete cascade,
    text text not null
  ) strict`,

  // Those of one series lie together, because a table is sorted by one.
  `create table run_series (
    series text not null,
    run_key integer not null references runs (key) on delete cascade,
    count integer not null,
    last_step integer not null,
    last real,
    min real,
    min_step integer,
    max real,
    max_step integer,
    at_best real,
    primary key (series, run_key)
  ) strict, without rowid`,
  `create index run_series_by_run on run_series (run_key)`,

  `create table run_sparks (
    run_key integer not null references runs (key) on delete cascade,
    series text not null,
    stride integer not null,
    means blob not null,
    pending_sum real not null,
    pending_count integer not null,
    primary key (run_key, series)
  ) strict, without rowid`
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}
