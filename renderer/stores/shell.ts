/** What floats over every screen: the palette, the sheet of shortcuts, and the question for a folder. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'

export interface FolderQuestion {
  /** What the folder is for, for example 'Import a folder'. */
  title: string
  /** One line under it: what a good folder looks like, or why the question is asked. */
  hint?: string
  /** The word on the button. */
  action: string
  /** Model files can be chosen as well. */
  models?: boolean
}

export const useShellStore = defineStore('shell', () => {
  const paletteOpen = ref(false)
  const shortcutsOpen = ref(false)
  const folderQuestion = shallowRef<FolderQuestion | null>(null)
  let answerFolder: (path: string | null) => void = () => undefined

  /**
   * Asks for a folder on the studio's machine: the system's dialog in the window, our own in a browser.
   *
   * @returns its absolute path, or null when nothing was chosen
   */
  async function pickFolder(question: FolderQuestion): Promise<string | null> {
    // The system's dialog chooses either files or folders; a model can be the one or the other.
    if (window.whetstone && !question.models) return window.whetstone.pickFolder()
    answerFolder(null)
    folderQuestion.value = question
    return new Promise((resolve) => (answerFolder = resolve))
  }

  function answer(path: string | null): void {
    folderQuestion.value = null
    answerFolder(path)
  }

  return { paletteOpen, shortcutsOpen, folderQuestion, pickFolder, answer }
})
