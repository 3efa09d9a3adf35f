/** A long list that is fetched in pages, those in view first, and drawn where it is known. */

/** Few enough to answer in milliseconds, many enough for several screens. */
export const PAGE_SIZE = 200
/** Pages asked for at a time: a fling through the list asks for where it ends, not for what it passed. */
const AT_ONCE = 2

export interface Page<T> {
  total: number
  items: T[]
}

export interface PagedListOptions<T> {
  fetchPage: (offset: number, limit: number) => Promise<Page<T>>
  /** Called after the list has changed. */
  onChange: () => void
  onError: (error: unknown) => void
}

/**
 * What was fetched stays until `reload` has its successor, so that nothing blinks. An answer to a question that was
 * overtaken is dropped.
 */
export class PagedList<T> {
  /** Of the whole list; null before the first answer. */
  total: number | null = null
  readonly #options: PagedListOptions<T>
  #pages = new Map<number, T[]>()
  #loading = new Set<number>()
  #wanted = { from: 0, to: 0 }
  #generation = 0
  #reloading = false

  constructor(options: PagedListOptions<T>) {
    this.#options = options
  }

  at(index: number): T | undefined {
    return this.#pages.get(Math.floor(index / PAGE_SIZE))?.[index % PAGE_SIZE]
  }

  /** Fetches what is missing of the items from `from` up to, not including, `to`. Replaces what was wanted before. */
  want(from: number, to: number): void {
    this.#wanted = { from, to }
    this.#pump()
  }

  /**
   * Asks anew, the wanted pages at once, and replaces everything when they are there.
   *
   * @param from the first item wanted of the new list
   * @param to the one after the last
   * @returns whether the answer came and was not overtaken by another question
   */
  async reload(from = this.#wanted.from, to = this.#wanted.to): Promise<boolean> {
    const generation = ++this.#generation
    this.#reloading = true
    this.#loading.clear()
    const numbers = pageNumbers(from, Math.max(to, from + 1))
    try {
      const answers = await Promise.all(numbers.map((page) => this.#fetch(page)))
      if (generation !== this.#generation) return false
      this.#pages = new Map(answers.map(({ items }, index) => [numbers[index]!, items]))
      this.total = answers[0]!.total
      this.#reloading = false
      this.#options.onChange()
      this.#pump()
      return true
    } catch (error) {
      if (generation !== this.#generation) return false
      this.#reloading = false
      this.#options.onError(error)
      return false
    }
  }

  #fetch(page: number): Promise<Page<T>> {
    return this.#options.fetchPage(page * PAGE_SIZE, PAGE_SIZE)
  }

  #pump(): void {
    if (this.total === null || this.#reloading) return
    const missing = pageNumbers(this.#wanted.from, Math.min(this.#wanted.to, this.total)).filter(
      (page) => !this.#pages.has(page) && !this.#loading.has(page)
    )
    for (const page of missing.slice(0, AT_ONCE - this.#loading.size)) void this.#load(page)
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation
    this.#loading.add(page)
    try {
      const { items } = await this.#fetch(page)
      if (generation !== this.#generation) return
      this.#pages.set(page, items)
      this.#loading.delete(page)
      this.#options.onChange()
      this.#pump()
    } catch (error) {
      if (generation !== this.#generation) return
      // It is asked for again when it comes into view again, not in a loop.
      this.#loading.delete(page)
      this.#options.onError(error)
    }
  }
}

function pageNumbers(from: number, to: number): number[] {
  const first = Math.floor(from / PAGE_SIZE)
  const count = to > from ? Math.ceil(to / PAGE_SIZE) - first : 0
  return Array.from({ length: count }, (_, index) => first + index)
}
