/** Runs, their states and who watches over them. */
import { sql, type SqlBool, type Updateable } from 'kysely'
import { RESTING_STATES, SETTLED_STATES, type Run } from '@shared/domain/run'
import { StudioError } from '@shared/errors'
import type { Connection } from '../database'
import { toJsonOrNull } from '../json'
import type { RunTable } from '../schema'
import { valuesUpkeep } from '../run-table/values-upkeep'
import type { RunPatch, RunStore } from '../store'
import { toRun } from './rows'

/** Who trains. */
export interface Holder {
  kind: 'run' | 'explanation'
  id: string
  name: string
  pid: number
}

type Queries = Pick<RunStore, 'list' | 'get' | 'resolve' | 'create' | 'update' | 'resume'> & {
  /** Makes the run `preparing` unless another one trains, which is returned then. */
  takePlace(id: string, ownerPid: number): Promise<Holder | null>
  /** Unfinished runs, with the process that watches over each. */
  unfinished(): Promise<{ id: string; pid: number }[]>
  /** Settles as `interrupted` those that are not settled already; returns them. */
  interrupt(ids: string[]): Promise<Run[]>
}

/** Only what the patch names. */
function toColumns(patch: RunPatch): Updateable<RunTable> {
  const { name, state, environment, epochsDone, best, test, seconds, findings, error, startedAt, endedAt } = patch
  const { checkpoint, tags, notes, starred, archivedAt, calibration, ignored } = patch
  return {
    ...(name !== undefined && { name }),
    ...(state !== undefined && { state }),
    ...(environment !== undefined && { environment: toJsonOrNull(environment) }),
    ...(epochsDone !== undefined && { epochs_done: epochsDone }),
    ...(best !== undefined && { best: toJsonOrNull(best) }),
    ...(test !== undefined && { test: toJsonOrNull(test) }),
    ...(seconds !== undefined && { seconds: toJsonOrNull(seconds) }),
    ...(findings !== undefined && { findings: JSON.stringify(findings) }),
    ...(error !== undefined && { error: toJsonOrNull(error) }),
    ...(checkpoint !== undefined && { checkpoint: toJsonOrNull(checkpoint) }),
    ...(startedAt !== undefined && { started_at: startedAt }),
    ...(endedAt !== undefined && { ended_at: endedAt }),
    ...(tags !== undefined && { tags: JSON.stringify(tags) }),
    ...(notes !== undefined && { notes }),
    ...(starred !== undefined && { starred: starred ? 1 : 0 }),
    ...(archivedAt !== undefined && { archived_at: archivedAt }),
    ...(calibration !== undefined && { calibration: toJsonOrNull(calibration) }),
    ...(ignored !== undefined && { ignored: JSON.stringify(ignored) })
  }
}

export const runNotFound = (reference: string): StudioError =>
  new StudioError('run/not-found', `There is no run '${reference}'.`, { run: reference })

/** @throws StudioError run/not-found */
export async function runKey(db: Connection['db'], id: string): Promise<number> {
  const row = await db.selectFrom('runs').select('key').where('id', '=', id).executeTakeFirst()
  if (!row) throw runNotFound(id)
  return row.key
}

export const selectRuns = (db: Connection['db']) =>
  db
    .selectFrom('runs')
    .leftJoin('datasets', 'datasets.key', 'runs.dataset_key')
    .selectAll('runs')
    .select('datasets.id as dataset_id')

/** @throws StudioError run/not-found */
export async function runById(db: Connection['db'], id: string): Promise<Run> {
  const row = await selectRuns(db).where('runs.id', '=', id).executeTakeFirst()
  if (!row) throw runNotFound(id)
  return toRun(row)
}

export function runQueries({ db, sqlite }: Connection): Queries {
  const values = valuesUpkeep(sqlite)
  /** The run as a change has left it, found by what it is now. */
  const written = async (trx: Connection['db'], id: string): Promise<Run> => {
    const run = await runById(trx, id)
    values.write(run)
    return run
  }

  return {
    list: async () => {
      const rows = await selectRuns(db)
        .where('runs.removed_at', 'is', null)
        .orderBy('runs.created_at', 'desc')
        .orderBy('runs.key', 'desc')
        .execute()
      return rows.map(toRun)
    },

    get: async (id) => {
      const row = await selectRuns(db).where('runs.id', '=', id).executeTakeFirst()
      return row ? toRun(row) : null
    },

    resolve: async (reference) => {
      const exact = await selectRuns(db).where('runs.id', '=', reference).executeTakeFirst()
      if (exact) return toRun(exact)
      const named = await selectRuns(db).where('runs.name', '=', reference).execute()
      const beginning = reference.length === 0 ? [] : await selectRuns(db).where(startsWith(reference)).execute()
      const meant = named.length > 0 ? named : beginning
      const shown = meant.filter((row) => row.removed_at === null)
      const found = shown.length > 0 ? shown : meant
      if (found.length === 0) throw runNotFound(reference)
      if (found.length > 1) {
        const candidates = found.map(({ id, name }) => ({ id, name }))
        const message = `'${reference}' means ${found.length} runs: ${candidates.map(({ id }) => id).join(', ')}.`
        throw new StudioError('run/ambiguous', message, { candidates })
      }
      return toRun(found[0]!)
    },

    create: (run, ownerPid) =>
      db.transaction().execute(async (trx) => {
        const dataset = await trx
          .selectFrom('datasets')
          .select('key')
          .where('id', '=', run.datasetId)
          .executeTakeFirst()
        if (!dataset && !run.imported)
          throw new StudioError('dataset/not-found', `There is no dataset '${run.datasetId}'.`)
        await trx
          .insertInto('runs')
          .values({
            id: run.id,
            name: run.name,
            color: run.color,
            dataset_key: dataset?.key ?? null,
            dataset_name: run.datasetName,
            dataset_hash: run.datasetHash,
            image_count: run.imageCount,
            classes: JSON.stringify(run.classes),
            config: JSON.stringify(run.config),
            state: run.state,
            owner_pid: ownerPid,
            environment: toJsonOrNull(run.environment),
            epochs_done: run.epochsDone,
            best: toJsonOrNull(run.best),
            test: toJsonOrNull(run.test),
            seconds: toJsonOrNull(run.seconds),
            findings: JSON.stringify(run.findings),
            error: toJsonOrNull(run.error),
            checkpoint: toJsonOrNull(run.checkpoint),
            created_at: run.createdAt,
            started_at: run.startedAt,
            ended_at: run.endedAt,
            tags: JSON.stringify(run.tags),
            notes: run.notes,
            starred: run.starred ? 1 : 0,
            archived_at: run.archivedAt,
            removed_at: run.removedAt,
            imported: toJsonOrNull(run.imported),
            calibration: toJsonOrNull(run.calibration),
            ignored: JSON.stringify(run.ignored),
            parent: run.parent
          })
          .execute()
        values.write(run)
      }),

    update: (id, patch) =>
      db.transaction().execute(async (trx) => {
        const columns = toColumns(patch)
        if (Object.keys(columns).length === 0) return runById(trx, id)
        let update = trx.updateTable('runs').set(columns).where('id', '=', id)
        if (patch.state) {
          // Settled once: a settled run may be told the state it has, and no other.
          const { state } = patch
          update = update.where((eb) => eb.or([eb('state', 'not in', SETTLED_STATES), eb('state', '=', state)]))
        }
        const { numUpdatedRows } = await update.executeTakeFirst()
        const run = await written(trx, id)
        if (numUpdatedRows === 0n) {
          throw new StudioError('run/not-active', `The run '${run.name}' is ${run.state} already.`, {
            runId: id,
            ...patch
          })
        }
        return run
      }),

    resume: (id, ownerPid) =>
      db.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('runs')
          .set({ state: 'queued', owner_pid: ownerPid, error: null, ended_at: null, removed_at: null })
          .where('id', '=', id)
          .where('state', 'in', RESTING_STATES)
          .executeTakeFirst()
        const run = await written(trx, id)
        if (numUpdatedRows > 0n) return run
        throw new StudioError('run/not-resumable', `'${run.name}' is ${run.state}.`, { runId: id, state: run.state })
      }),

    takePlace: (id, ownerPid) =>
      db.transaction().execute(async (trx) => {
        // A write first, so that two processes cannot both see an empty place.
        await trx.updateTable('runs').set({ owner_pid: ownerPid }).where('id', '=', id).execute()
        const holder = await trx
          .selectFrom('runs')
          .select(['id', 'name', 'owner_pid as pid'])
          .where(sql<SqlBool>`state in ('preparing', 'running')`)
          .where('id', '!=', id)
          .executeTakeFirst()
        if (holder) return { kind: 'run', ...holder }
        const explanation = await trx
          .selectFrom('explanations')
          .select(['id', 'owner_pid as pid'])
          .where('trains', '=', 1)
          .executeTakeFirst()
        if (explanation) return { kind: 'explanation', ...explanation, name: 'an explanation' }
        await trx
          .updateTable('runs')
          .set({ state: 'preparing' })
          .where('id', '=', id)
          .where('state', '=', 'queued')
          .execute()
        await written(trx, id)
        return null
      }),

    unfinished: async () => {
      const rows = await db
        .selectFrom('runs')
        .select(['id', 'owner_pid'])
        .where(sql<SqlBool>`state in ('queued', 'preparing', 'running')`)
        .execute()
      return rows.map(({ id, owner_pid }) => ({ id, pid: owner_pid }))
    },

    interrupt: (ids) =>
      db.transaction().execute(async (trx) => {
        const settled = await trx
          .updateTable('runs')
          .set({ state: 'interrupted', ended_at: Date.now() })
          .where('id', 'in', ids)
          .where('state', 'not in', SETTLED_STATES)
          .returning('id')
          .execute()
        return Promise.all(settled.map(({ id }) => written(trx, id)))
      })
  }
}

/** A comparison rather than LIKE, so that the index on the id is used and no letter is a wildcard. */
function startsWith(beginning: string) {
  return sql<SqlBool>`runs.id >= ${beginning} and runs.id < ${beginning} || char(0x10ffff)`
}
