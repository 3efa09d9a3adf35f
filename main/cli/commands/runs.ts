/** `runs`. */
import type { Run } from '@shared/domain/run'
import { formatDuration, formatPercent } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table, type Cell } from '../table'

export async function listRuns({ studio, output }: CommandContext): Promise<ExitCode> {
  const runs = await studio.runs.list()
  const text = table(
    ['id', 'name', 'dataset', 'preset', 'state', 'best validation', 'test', 'time'],
    runs.map(runRow),
    [5, 6, 7]
  )
  output.result({ runs }, runs.length === 0 ? 'No runs yet: `fit DIR` trains one.' : text)
  return EXIT.ok
}

function runRow({ id, name, datasetName, config, state, best, test, seconds }: Run): Cell[] {
  return [
    id,
    name,
    datasetName,
    config.preset,
    state,
    best && formatPercent(best.validationAccuracy),
    test && formatPercent(test.accuracy),
    seconds && formatDuration(seconds.total)
  ]
}
