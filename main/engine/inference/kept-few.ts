/** The few things that were used last, by key; the others are let go of as soon as nobody uses them any more. */
interface Entry<T> {
  value: Promise<T>
  users: number
}

export class KeptFew<T extends { dispose(): Promise<void> }> {
  /** The one used longest ago first. */
  private readonly entries = new Map<string, Entry<T>>()

  constructor(private readonly most: number) {}

  /** @param open called where it is not kept. What fails to open is not kept. */
  async use<R>(key: string, open: () => Promise<T>, work: (value: T) => Promise<R>): Promise<R> {
    const entry = this.entries.get(key) ?? { value: open(), users: 0 }
    this.entries.delete(key)
    this.entries.set(key, entry)
    entry.users++
    try {
      return await work(await entry.value)
    } finally {
      entry.users--
      await entry.value.catch(() => this.entries.get(key) === entry && this.entries.delete(key))
      this.tidy(key)
      if (entry.users === 0 && this.entries.get(key) !== entry) dispose(entry)
    }
  }

  /** The oldest go first; those in use when their last user has ended. */
  private tidy(current: string): void {
    for (const [key, entry] of [...this.entries]) {
      if (this.entries.size <= this.most) return
      if (key === current) continue
      this.entries.delete(key)
      if (entry.users === 0) dispose(entry)
    }
  }
}

function dispose<T extends { dispose(): Promise<void> }>({ value }: Entry<T>): void {
  value.then((opened) => opened.dispose()).catch(() => undefined)
}
