/** The ways to a model of one's own: choose a file or folder, or drop one. What was chosen is asked about before it is read. */
import { ref, type Ref } from 'vue'
import { useShellStore } from '../stores/shell'
import { pathOf, readDrop } from './drop'

const QUESTION = {
  title: 'Import a model',
  hint: 'A file (.h5, .keras, .onnx, .tar.gz), or the folder of a SavedModel or of a TF.js model.',
  action: 'Import this folder',
  models: true
}

/** One for the page: the drop comes from the whole window, the question stands on the Models screen. */
const path = ref<string | null>(null)

export interface ModelImport {
  /** Of the model that is being asked about, or null. */
  path: Ref<string | null>
  choose: (hint?: string) => Promise<void>
  takeDrop: (event: DragEvent) => Promise<void>
}

export function useModelImport(): ModelImport {
  const shell = useShellStore()

  async function choose(hint?: string): Promise<void> {
    const chosen = await shell.pickFolder({ ...QUESTION, ...(hint && { hint }) })
    if (chosen) path.value = chosen
  }

  async function takeDrop(event: DragEvent): Promise<void> {
    if (!event.dataTransfer) return
    const { folders, files } = readDrop(event.dataTransfer)
    const dropped = folders[0] ?? (files[0] && { name: files[0].name, file: files[0] })
    if (!dropped) return
    const known = pathOf(dropped.file)
    if (known) path.value = known
    else await choose(`A browser does not say where '${dropped.name}' is. Show it here once more.`)
  }

  return { path, choose, takeDrop }
}
