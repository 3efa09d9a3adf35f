import { expect, it } from 'vitest'
import { SettingsService } from '../../main/services/settings/settings'

function facts(initial: Record<string, unknown> = {}) {
  const values = new Map(Object.entries(initial))
  return {
    get: async (key: string) => values.get(key) ?? null,
    set: async (key: string, value: unknown) => void values.set(key, value)
  }
}

it('starts with the defaults and keeps what is saved', async () => {
  const store = facts()
  const settings = new SettingsService(store)
  expect(await settings.get()).toEqual({ theme: 'system', sidebarCollapsed: false })
  expect(await settings.save({ theme: 'dark' })).toEqual({ theme: 'dark', sidebarCollapsed: false })
  expect(await new SettingsService(store).get()).toEqual({ theme: 'dark', sidebarCollapsed: false })
})

it('loses neither of two changes at once, and nothing to a bad one', async () => {
  const settings = new SettingsService(facts())
  await Promise.all([settings.save({ theme: 'light' }), settings.save({ sidebarCollapsed: true })])
  expect(await settings.get()).toEqual({ theme: 'light', sidebarCollapsed: true })
  await expect(settings.save({ theme: 'pink' as 'dark' })).rejects.toThrow()
  expect(await settings.save({})).toEqual({ theme: 'light', sidebarCollapsed: true })
})

it('keeps the valid fields beside one that is not', async () => {
  const settings = new SettingsService(facts({ settings: { theme: 'pink', sidebarCollapsed: true, other: 1 } }))
  expect(await settings.get()).toEqual({ theme: 'system', sidebarCollapsed: true })
})
