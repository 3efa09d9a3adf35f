/** A notification when a run ends while nobody looks. */
import { isSettled, type RunState } from '@shared/domain/run'
import { formatPercent } from '@shared/text/format'
import { Notification } from 'electron'
import type { Studio } from '../studio'

const TITLES: Partial<Record<RunState, string>> = {
  completed: 'Training is done',
  failed: 'Training failed',
  interrupted: 'Training was interrupted'
}

export function notifyWhenRunsEnd(studio: Studio, isWatched: () => boolean, show: () => void): void {
  /** Runs seen at work: a run that is renamed years later has not just ended. */
  const active = new Set<string>()
  studio.runs.onChange((run) => {
    if (!isSettled(run.state)) return void active.add(run.id)
    const title = TITLES[run.state]
    if (!active.delete(run.id) || !title || isWatched() || !Notification.isSupported()) return
    const score = run.test ? `, ${formatPercent(run.test.accuracy)} on ${run.test.count} test images` : ''
    const notification = new Notification({ title, body: `${run.name}${score}` })
    notification.on('click', show)
    notification.show()
  })
}
