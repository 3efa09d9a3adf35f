/** The home's one place for training: two programs on one home do not train side by side, but one after the other. */
import type { Store } from '../../store/store'

const LOOK_MS = 500

export interface PlaceInput {
  runs: Pick<Store['runs'], 'claim'>
  runId: string
  isAlive: (pid: number) => boolean
  /** Whether it is still to begin. */
  wanted: () => boolean
  /** Called with the name of the run that another program trains, each time it is another one. */
  onWaiting: (name: string) => void
}

/** Waits until no other program of this home trains. @returns false when it is no longer to begin */
export async function takePlace({ runs, runId, isAlive, wanted, onWaiting }: PlaceInput): Promise<boolean> {
  let told: string | null = null
  while (wanted()) {
    const holder = await runs.claim(runId, process.pid, isAlive)
    if (holder === null) return true
    if (told !== holder.id) onWaiting(holder.name)
    told = holder.id
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return false
}
