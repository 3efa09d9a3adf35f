/** An explanation that this process does not work at: its end, or what another program of the same home makes of it. */
import type { Explanation, ExplanationEvent } from '@shared/domain/explanation'
import type { ExplanationStore } from '../../store/store'
import type { FeedSource } from '../streams/coalesced-feed'

const LOOK_MS = 1000

/** @param first as it was a moment ago */
export function storedSource(
  explanations: Pick<ExplanationStore, 'get'>,
  first: Explanation
): FeedSource<ExplanationEvent> {
  let newest = first
  let told: Explanation | null = null
  return {
    subscribe: (wake) => {
      if (first.endedAt !== null) return () => undefined
      let looking = false
      const timer = setInterval(() => {
        if (looking) return
        looking = true
        // A database that is busy now is looked at again.
        void explanations.get(first.id).then(
          (found) => {
            looking = false
            // Removed meanwhile: there is nothing more to be told.
            const now = found ?? { ...newest, endedAt: Date.now() }
            if (now.spentSeconds === newest.spentSeconds && now.endedAt === newest.endedAt) return
            newest = now
            wake()
          },
          () => (looking = false)
        )
      }, LOOK_MS)
      timer.unref()
      return () => clearInterval(timer)
    },
    ended: () => newest.endedAt !== null,
    take: () => {
      if (told === newest) return []
      told = newest
      return [{ explanation: newest, phase: '' }]
    }
  }
}
