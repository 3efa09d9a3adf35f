/** The running jobs on standard error: a bar that redraws itself on a terminal, a line for each new phase elsewhere. */
import type { Job } from '@shared/domain/job'
import { formatDuration } from '@shared/text/format'
import type { JobsService } from '../services/jobs/jobs'
import type { Streams } from './output'

const BAR_WIDTH = 24
const REDRAW_MS = 100
const CLEAR_LINE = '\r\x1b[2K'

/** @returns ends the showing and clears the line */
export function showProgress(jobs: JobsService, stderr: Streams['stderr']): () => void {
  return stderr.isTTY ? redrawBar(jobs, stderr) : writePhases(jobs, stderr)
}

function redrawBar(jobs: JobsService, stderr: Streams['stderr']): () => void {
  let drawn = ''
  const draw = (): void => {
    const job = jobs.list().find(({ state }) => state === 'running')
    const line = job ? progressLine(job).slice(0, (stderr.columns ?? 80) - 1) : ''
    if (line !== drawn) stderr.write(CLEAR_LINE + line)
    drawn = line
  }
  const timer = setInterval(draw, REDRAW_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    if (drawn) stderr.write(CLEAR_LINE)
  }
}

function writePhases(jobs: JobsService, stderr: Streams['stderr']): () => void {
  const told = new Map<string, string>()
  return jobs.onChange(() => {
    for (const { id, title, phase, state } of jobs.list()) {
      if (state !== 'running' || !phase || told.get(id) === phase) continue
      told.set(id, phase)
      stderr.write(`${title}: ${phase}\n`)
    }
  })
}

/** 'Train lite0-head-01 · Training the head ████░░ 40 % · 3.2 s left'. */
function progressLine({ title, phase, done, total, etaSeconds }: Job): string {
  const parts = [`${title} · ${phase}`]
  if (total > 0) {
    const share = Math.min(1, done / total)
    const filled = Math.round(share * BAR_WIDTH)
    parts.push(`${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)} %`)
  }
  if (etaSeconds !== null) parts.push(`· ${formatDuration(etaSeconds)} left`)
  return parts.join(' ')
}
