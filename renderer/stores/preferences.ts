/**
 * Theme and frame, kept by the core so that every door agrees, and by the browser so that the first paint is right.
 */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { settingsSchema, type Settings } from '@shared/domain/system'
import { api } from '../api/client'

const KEY = 'whetstone.settings'

function remembered(): Settings {
  try {
    return settingsSchema.parse(JSON.parse(localStorage.getItem(KEY) ?? '{}'))
  } catch {
    return settingsSchema.parse({})
  }
}

export const usePreferencesStore = defineStore('preferences', () => {
  const settings = ref<Settings>(remembered())
  const system = window.matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(system.matches)
  system.addEventListener('change', (event) => (systemDark.value = event.matches))

  const dark = computed(
    () => settings.value.theme === 'dark' || (settings.value.theme === 'system' && systemDark.value)
  )
  watch(
    dark,
    (on) => {
      document.documentElement.classList.toggle('dark', on)
      document.documentElement.classList.toggle('light', !on)
    },
    { immediate: true }
  )

  function keep(next: Settings): void {
    settings.value = next
    localStorage.setItem(KEY, JSON.stringify(next))
  }

  /** What the core keeps wins over what this browser remembered. */
  async function load(): Promise<void> {
    const stored = await api.system.settings().catch(() => null)
    if (stored) keep(stored)
  }

  /** Takes effect at once; a core that cannot store it changes nothing for this session. */
  async function set(change: Partial<Settings>): Promise<void> {
    keep({ ...settings.value, ...change })
    await api.system.saveSettings(change).catch(() => undefined)
  }

  return { settings, dark, load, set }
})
