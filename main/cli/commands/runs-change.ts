/** What the user writes on runs, and where they are kept: `runs tag`, `note`, `star`, `archive`, `rename`, `remove`, `restore`, `purge`. */
import type { Run } from '@shared/domain/run'
import { tagSchema } from '@shared/domain/run-annotations'
import type { RunAnnotation } from '@shared/domain/run-query'
import { StudioError } from '@shared/errors'
import { EXIT, type CommandContext, type ExitCode } from '../session'

export async function tagRun(
  context: CommandContext,
  reference: string,
  way: 'add' | 'remove',
  tags: readonly string[]
): Promise<ExitCode> {
  const parsed = tags.map((tag) => tagSchema.safeParse(tag))
  const wrong = parsed.findIndex(({ success }) => !success)
  if (wrong >= 0) {
    throw new StudioError('usage/invalid', `'${tags[wrong]}' cannot be a tag: one has between 1 and 60 characters.`)
  }
  const valid = parsed.map(({ data }) => data!)
  return annotateRuns({ tags: { add: [], remove: [], [way]: valid } })(context, [reference])
}

export const noteRun = (context: CommandContext, reference: string, text: string): Promise<ExitCode> =>
  annotateRuns({ notes: text })(context, [reference])

export async function renameRun(
  { studio, output }: CommandContext,
  reference: string,
  name: string
): Promise<ExitCode> {
  const wanted = name.trim()
  if (wanted === '' || wanted.length > 120) {
    throw new StudioError('usage/invalid', 'A name has between 1 and 120 characters.')
  }
  const run = await studio.runs.rename((await studio.runs.resolve(reference)).id, wanted)
  output.result({ runs: [run] }, `${run.id}  ${run.name}`)
  return EXIT.ok
}

type Change = (context: CommandContext, references: readonly string[]) => Promise<ExitCode>

/** Of a change to all of these runs or to none. */
const changing =
  (change: (context: CommandContext, runs: readonly Run[]) => Promise<void>, done: string): Change =>
  async (context, references) => {
    const { studio, output } = context
    const runs = await Promise.all(references.map((reference) => studio.runs.resolve(reference)))
    await change(context, runs)
    const after = await Promise.all(runs.map(({ id }) => studio.runs.get(id).catch(() => null)))
    const there = after.flatMap((run) => run ?? [])
    const names = runs.map(({ name }) => name).join(', ')
    output.result({ runs: there.length > 0 ? there : runs.map(({ id, name }) => ({ id, name })) }, `${done}: ${names}`)
    return EXIT.ok
  }

const idsOf = (runs: readonly Run[]): string[] => runs.map(({ id }) => id)

export const annotateRuns = (changes: RunAnnotation): Change =>
  changing(({ studio }, runs) => studio.runs.annotate({ runIds: idsOf(runs), ...changes }), 'Changed')

export const removeRuns: Change = changing(({ studio }, runs) => studio.runs.remove(...idsOf(runs)), 'Removed')
export const restoreRuns: Change = changing(({ studio }, runs) => studio.runs.restore(...idsOf(runs)), 'Restored')
export const purgeRuns: Change = changing(({ studio }, runs) => studio.runs.purge(...idsOf(runs)), 'Deleted for good')
