/** The home's one place for training, for the time of one experiment: runs that wait for it come between two. */
import type { ExplanationStore } from '../../store/store'

const LOOK_MS = 500

export interface HoldPlaceInput {
  explanations: Pick<ExplanationStore, 'claim' | 'release'>
  id: string
  isAlive: (pid: number) => boolean
  signal: AbortSignal
  /** Called with the name of what trains, each time it is another one. */
  onWaiting: (name: string) => void
}

/** Waits for it. @returns what gives it back; null when it was stopped before */
export async function holdPlace(input: HoldPlaceInput): Promise<(() => Promise<void>) | null> {
  const { explanations, id, isAlive, signal, onWaiting } = input
  let told: string | null = null
  while (!signal.aborted) {
    const holder = await explanations.claim(id, process.pid, isAlive)
    if (holder === null) return () => explanations.release(id)
    if (told !== holder.id) onWaiting(holder.name)
    told = holder.id
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, LOOK_MS)
      function done(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done, { once: true })
    })
  }
  return null
}
