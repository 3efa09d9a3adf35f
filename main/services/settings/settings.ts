/** What a person chose about the studio itself. */
import { settingsSchema, type Settings } from '@shared/domain/system'
import type { FactStore } from '../../store/store'

const KEY = 'settings'

export class SettingsService {
  private last: Promise<unknown> = Promise.resolve()

  constructor(private readonly facts: FactStore) {}

  /** What was never chosen, or is not valid any more, has its default. */
  async get(): Promise<Settings> {
    const stored = await this.facts.get(KEY)
    const fields = stored !== null && typeof stored === 'object' ? Object.entries(stored) : []
    const valid = fields.filter(([key, value]) => settingsSchema.partial().safeParse({ [key]: value }).success)
    return settingsSchema.parse(Object.fromEntries(valid))
  }

  /** One after the other, so that of two changes at once neither is lost. */
  save(changes: Partial<Settings>): Promise<Settings> {
    const saved = this.last.then(async () => {
      const settings = settingsSchema.parse({ ...(await this.get()), ...changes })
      await this.facts.set(KEY, settings)
      return settings
    })
    this.last = saved.catch(() => undefined)
    return saved
  }
}
