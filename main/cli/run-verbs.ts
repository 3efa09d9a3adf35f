/** `runs` and what can be done with them. */
import { Option, type Command } from 'commander'
import { exportRuns, importRuns } from './commands/interop'
import { exportTable, type ExportOptions } from './commands/runs-export'
import { listRuns, type ListOptions } from './commands/runs'
import { annotateRuns, noteRun, purgeRuns, removeRuns, renameRun, restoreRuns, tagRun } from './commands/runs-change'
import { showRun } from './commands/runs-show'
import type { GlobalOptions } from './session'
import { verb, wholeNumber, type Run } from './verb'

const ONE = 'id, beginning of an id, or name'
const MANY = 'ids, beginnings of ids, or names'

export function addRunTableVerbs(program: Command, run: Run): void {
  const list = (_: unknown, command: Command): Promise<void> => {
    const options = command.optsWithGlobals<GlobalOptions & ListOptions>()
    return run(options, (context) => listRuns(context, options))
  }
  const runs = withListOptions(verb(program, 'runs', 'list the runs, and change them')).action(list)
  withListOptions(verb(runs, 'list', 'list the runs')).action(list)
  verb(runs, 'show', 'everything that is known of a run')
    .argument('<run>', ONE)
    .option('--predictions', 'what it took each test image for')
    .action((reference: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { predictions?: boolean }>()
      return run(options, (context) => showRun(context, reference, options.predictions ?? false))
    })
  addChanges(runs, run)
  addFiles(runs, run)
}

function addChanges(runs: Command, run: Run): void {
  const tags: [string, string, 'add' | 'remove'][] = [
    ['tag', 'put tags on a run', 'add'],
    ['untag', 'take tags off a run', 'remove']
  ]
  for (const [name, description, way] of tags) {
    verb(runs, name, description)
      .argument('<run>', ONE)
      .argument('<tag...>')
      .action((reference: string, those: string[], _: unknown, command: Command) =>
        run(command.optsWithGlobals(), (context) => tagRun(context, reference, way, those))
      )
  }
  verb(runs, 'note', 'write what you want to remember of a run; an empty text takes it away')
    .argument('<run>', ONE)
    .argument('<text>')
    .action((reference: string, text: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => noteRun(context, reference, text))
    )
  verb(runs, 'rename', 'call a run something else')
    .argument('<run>', ONE)
    .argument('<name>')
    .action((reference: string, name: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => renameRun(context, reference, name))
    )
  const changes = {
    star: ['mark runs with a star', annotateRuns({ starred: true })],
    unstar: ['take the star away', annotateRuns({ starred: false })],
    archive: ['take runs out of the list, and keep them', annotateRuns({ archived: true })],
    unarchive: ['put archived runs back into the list', annotateRuns({ archived: false })],
    remove: ['remove runs; they can be restored', removeRuns],
    restore: ['bring removed runs back', restoreRuns],
    purge: ['delete removed runs for good, with their files', purgeRuns]
  } as const
  for (const [name, [description, change]] of Object.entries(changes)) {
    verb(runs, name, description)
      .argument('<run...>', MANY)
      .action((references: string[], _: unknown, command: Command) =>
        run(command.optsWithGlobals(), (context) => change(context, references))
      )
  }
}

const SOURCES = ['tensorboard', 'mlflow'] as const

function addFiles(runs: Command, run: Run): void {
  const from = verb(runs, 'import', 'bring the runs of another program')
  const to = verb(runs, 'export', 'write runs for another program')
  for (const source of SOURCES) {
    verb(from, source, `import the runs of a folder of ${source}`)
      .argument('<dir>')
      .action((dir: string, _: unknown, command: Command) =>
        run(command.optsWithGlobals(), (context) => importRuns(context, source, dir))
      )
    verb(to, source, `write runs as ${source} reads them`)
      .argument('<dir>')
      .argument('[run...]', `${MANY}; none: all of them`)
      .action((dir: string, references: string[], _: unknown, command: Command) =>
        run(command.optsWithGlobals(), (context) => exportRuns(context, source, dir, references))
      )
  }
  for (const format of ['csv', 'json'] as const) {
    withQuestion(verb(to, format, `write the table of runs as ${format.toUpperCase()}`))
      .argument('[file]', 'left out, it is printed')
      .action((file: string | undefined, _: unknown, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions & ExportOptions>()
        return run(options, (context) => exportTable(context, format, file, options))
      })
  }
}

const collect = (value: string, before: string[] = []): string[] => [...before, value]
const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** Which runs, in which order. */
function withQuestion(command: Command): Command {
  return command
    .option('--filter <filter>', "for example 'preset = default and test.accuracy > 0.8', or 'tag:good'")
    .option('--sort <key>', 'a setting, a fact or a metric; -KEY for the highest first; may be repeated', collect)
    .option('--columns <keys>', 'what to show, separated by commas', listed)
    .addOption(
      new Option('--shelf <shelf>', 'archived runs alone, those as well, or the removed ones alone')
        .choices(['shown', 'archived', 'all', 'removed'])
        .default('shown')
    )
}

const withListOptions = (command: Command): Command =>
  withQuestion(command)
    .option('--group <keys>', 'keys to group by, separated by commas', listed)
    .option('--limit <n>', 'at most so many', wholeNumber)
