/** Datasets with their images, runs with their metrics and predictions, and small facts. See ../schema.ts for the meaning. */
import { sql, type Kysely } from 'kysely'

const STATEMENTS = [
  // 'Whst': tells this database from another program's.
  `pragma application_id = 0x57687374`,

  `create table datasets (
    key integer primary key,
    id text not null unique,
    name text not null,
    root text not null,
    source text not null check (source in ('folder', 'sample')),
    state text not null check (state in ('importing', 'ready')),
    owner_pid integer not null,
    image_count integer not null default 0,
    class_count integer not null default 0,
    bytes integer not null default 0,
    split_source text not null check (split_source in ('stratified', 'folders')),
    split_seed integer not null,
    content_hash text not null default '',
    findings text not null default '[]' check (json_valid(findings)),
    created_at integer not null,
    updated_at integer not null,
    removed_at integer
  ) strict`,
  `create unique index datasets_by_root on datasets (root) where removed_at is null`,

  `create table classes (
    dataset_key integer not null references datasets (key) on delete cascade,
    position integer not null,
    name text not null,
    primary key (dataset_key, position),
    unique (dataset_key, name)
  ) strict, without rowid`,

  `create table images (
    id integer primary key autoincrement,
    dataset_key integer not null references datasets (key) on delete cascade,
    path text not null,
    label text not null,
    split text not null check (split in ('train', 'validation', 'test')),
    hash text not null,
    width integer not null,
    height integer not null,
    bytes integer not null,
    format text not null,
    mtime_ms real not null,
    present integer not null default 1 check (present in (0, 1)),
    unique (dataset_key, path, hash)
  ) strict`,
  `create unique index images_by_path on images (dataset_key, path) where present = 1`,
  `create index images_by_label on images (dataset_key, label, path) where present = 1`,
  `create index images_by_hash on images (dataset_key, hash, path) where present = 1`,
  `create index images_retired on images (dataset_key) where present = 0`,

  `create table refused_files (
    dataset_key integer not null references datasets (key) on delete cascade,
    path text not null,
    code text not null,
    message text not null,
    primary key (dataset_key, path)
  ) strict, without rowid`,

  `create table import_reports (
    dataset_key integer primary key references datasets (key) on delete cascade,
    scanned integer not null,
    imported integer not null,
    added integer not null,
    changed integer not null,
    removed integer not null,
    unchanged integer not null,
    ignored integer not null,
    findings text not null check (json_valid(findings)),
    duration_ms real not null,
    finished_at integer not null
  ) strict`,

  `create table runs (
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
      state in ('queued', 'preparing', 'running', 'completed', 'stopped', 'failed', 'interrupted')
    ),
    owner_pid integer not null,
    environment text check (json_valid(environment)),
    epochs_done integer not null default 0,
    best text check (json_valid(best)),
    test text check (json_valid(test)),
    seconds text check (json_valid(seconds)),
    findings text not null default '[]' check (json_valid(findings)),
    error text check (json_valid(error)),
    created_at integer not null,
    started_at integer,
    ended_at integer
  ) strict`,
  `create index runs_by_age on runs (created_at)`,
  `create index runs_by_name on runs (name)`,
  `create index runs_by_dataset on runs (dataset_key)`,
  `create index runs_active on runs (owner_pid) where state in ('queued', 'preparing', 'running')`,

  `create table metric_points (
    run_key integer not null references runs (key) on delete cascade,
    series text not null,
    step integer not null,
    epoch real not null,
    time_ms real not null,
    value real,
    is_nan integer not null check (is_nan in (0, 1)),
    primary key (run_key, series, step),
    check ((value is null) = is_nan)
  ) strict, without rowid`,

  `create table predictions (
    run_key integer not null references runs (key) on delete cascade,
    image_id integer not null references images (id),
    split text not null check (split in ('train', 'validation', 'test')),
    truth integer not null,
    predicted integer not null,
    probability real not null,
    truth_probability real not null,
    probabilities blob not null,
    unique (run_key, image_id)
  ) strict`,
  `create index predictions_by_outcome on predictions (run_key, split, truth, predicted, probability, truth_probability)`,
  `create index predictions_by_image on predictions (image_id)`,

  `create table facts (
    key text primary key,
    value text not null check (json_valid(value)),
    updated_at integer not null
  ) strict, without rowid`
]

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}
