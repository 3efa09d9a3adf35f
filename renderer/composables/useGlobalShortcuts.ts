/** Keys that work on every screen. Those of one screen are its own. */
import { defineShortcuts } from '@nuxt/ui/composables'
import { useRouter } from 'vue-router'
import { SCREENS } from '../components/shell/navigation'
import { useShellStore } from '../stores/shell'

/** While a dialog is open the keys are the dialog's. */
const dialogOpen = (): boolean => document.querySelector('[role="dialog"], [role="alertdialog"]') !== null

export function useGlobalShortcuts(): void {
  const router = useRouter()
  const shell = useShellStore()
  const go = (name: string) => (): void => {
    if (!dialogOpen()) void router.push({ name })
  }
  defineShortcuts({
    ...Object.fromEntries(SCREENS.map(({ name, key }) => [`g-${key}`, go(name)])),
    n: go('new-run'),
    meta_k: { usingInput: true, handler: () => (shell.paletteOpen = !shell.paletteOpen) },
    '?': () => {
      if (shell.shortcutsOpen || !dialogOpen()) shell.shortcutsOpen = !shell.shortcutsOpen
    }
  })
}
