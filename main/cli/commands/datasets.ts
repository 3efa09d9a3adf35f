/** `datasets`. */
import { formatBytes, formatCount } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { table } from '../table'

export async function listDatasets({ studio, output }: CommandContext): Promise<ExitCode> {
  const datasets = await studio.datasets.list()
  const rows = datasets.map(({ id, name, imageCount, classCount, bytes, root }) => [
    id,
    name,
    formatCount(imageCount),
    classCount,
    formatBytes(bytes),
    root
  ])
  const text = table(['id', 'name', 'images', 'classes', 'size', 'folder'], rows, [2, 3, 4])
  output.result({ datasets }, datasets.length === 0 ? 'No datasets yet: `import DIR` adds one.' : text)
  return EXIT.ok
}
