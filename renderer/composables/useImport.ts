/** The ways into a dataset: choose a folder, drop one, take the sample. Each ends on the dataset's screen. */
import { useRouter } from 'vue-router'
import type { Dataset } from '@shared/domain/dataset'
import { useDatasetsStore } from '../stores/datasets'
import { useNoticesStore } from '../stores/notices'
import { useShellStore } from '../stores/shell'
import { pathOf, readDrop } from './drop'

const QUESTION = {
  title: 'Import a folder',
  hint: 'Choose a folder whose sub-folders are the labels. Pictures stay where they are.',
  action: 'Import this folder'
}

export interface ImportActions {
  chooseFolder: (hint?: string) => Promise<void>
  takeSample: () => Promise<void>
  takeDrop: (event: DragEvent) => Promise<void>
}

export function useImport(): ImportActions {
  const router = useRouter()
  const datasets = useDatasetsStore()
  const shell = useShellStore()
  const notices = useNoticesStore()

  const show = async (dataset: Dataset | null): Promise<void> => {
    if (dataset) await router.push({ name: 'dataset', params: { id: dataset.id } })
  }

  async function chooseFolder(hint?: string): Promise<void> {
    const path = await shell.pickFolder({ ...QUESTION, ...(hint && { hint }) })
    if (path) await show(await datasets.importFolder(path))
  }

  async function takeDrop(event: DragEvent): Promise<void> {
    if (!event.dataTransfer) return
    const { folders } = readDrop(event.dataTransfer)
    const folder = folders[0]
    if (!folder) {
      notices.tell('Drop a folder', 'Its sub-folders become the labels. Single pictures go to the Playground.')
      return
    }
    const path = pathOf(folder.file)
    if (path) return show(await datasets.importFolder(path))
    await chooseFolder(`A browser does not say where '${folder.name}' is. Show it here once more.`)
  }

  return {
    chooseFolder,
    takeSample: async () => show(await datasets.importSample()),
    takeDrop
  }
}
