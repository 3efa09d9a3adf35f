import { expect, test } from 'vitest'
import { predictionsCsv } from '../../main/cli/csv'
import { showProgress } from '../../main/cli/progress'
import { table } from '../../main/cli/table'
import { JobsService } from '../../main/services/jobs/jobs'

test('columns line up, numbers to the right, whatever the letters are made of', () => {
  const text = table(
    ['name', 'count'],
    [
      ['Zoë', 5],
      ['👩‍🌾 farm', 1200],
      ['none', null]
    ],
    [1]
  )
  expect(text.split('\n')).toEqual(['name    count', 'Zoë         5', '👩‍🌾 farm   1200', 'none        –'])
})

test('fields of a CSV are quoted where they must be', () => {
  const guess = { label: 'a "b", c', probability: 0.5 }
  const error = { code: 'image/corrupt' as const, message: 'cut\nshort', hint: '', details: {} }
  const csv = predictionsCsv([
    { file: 'x,1.png', top: [guess], error: null, ms: 1 },
    { file: 'y.png', top: [], error, ms: 1 }
  ])
  expect(csv.split('\r\n').slice(1)).toEqual(['"x,1.png","a ""b"", c",0.5,,,,,', 'y.png,,,,,,,"cut\nshort"', ''])
})

test('on a terminal the bar is redrawn and cleared; elsewhere each phase is a line', async () => {
  const jobs = new JobsService()
  const written = { tty: '', plain: '' }
  const ends = [
    showProgress(jobs, { isTTY: true, columns: 60, write: (text: string) => (written.tty += text) }),
    showProgress(jobs, { write: (text: string) => (written.plain += text) })
  ]
  const job = jobs.start({ kind: 'import', title: 'Import pets', stoppable: false })
  job.progress({ phase: 'Reading', done: 5, total: 10, etaSeconds: 3 })
  job.progress({ phase: 'Reading', done: 6, total: 10, etaSeconds: 2 })
  await new Promise((resolve) => setTimeout(resolve, 250))
  ends.forEach((end) => end())
  expect(written.plain).toBe('Import pets: Reading\n')
  expect(written.tty).toContain('Import pets · Reading')
  expect(written.tty).toContain('60 %')
  expect(written.tty.endsWith('\r\x1b[2K')).toBe(true)
  for (const line of written.tty.split('\r\x1b[2K')) expect(line.length).toBeLessThan(60)
})
