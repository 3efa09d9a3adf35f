/**
 * Writes synthetic runs for programs that are not ours: FOLDER RUNS METRICS STEPS WHOLE EVERY [SEED]. `runs.json` has what each run is;
 * `points.f32` the values, run after run, series after series. The first WHOLE runs have every step of the validation loss; of all else
 * there is every EVERY-th step, because the libraries of other programs write a few thousand points a second.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from 'node:events'
import { flattenConfig } from '@shared/domain/training-config'
import { seriesName, syntheticRuns } from '../support/synthetic-runs'

async function main([folder, ...sizes]: string[]): Promise<void> {
  const [runs, metrics, steps, whole, every, seed = 1] = sizes.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number?
  ]
  if (!folder || sizes.length < 5) throw new Error('FOLDER RUNS METRICS STEPS WHOLE EVERY [SEED]')
  await mkdir(folder, { recursive: true })
  const out = createWriteStream(join(folder, 'points.f32'))
  const list: unknown[] = []
  let index = 0
  for (const { run, points } of syntheticRuns({ runs, metrics, steps, seed })) {
    const complete = index++ < whole
    const series = Array.from({ length: metrics }, (_, place) => {
      const name = seriesName(place)
      const stride = complete && name === 'validation_loss' ? 1 : every
      return { name, stride, steps: Math.floor(steps / stride) }
    })
    const strides = new Map(series.map(({ name, stride }) => [name, stride]))
    const values = points().filter(({ series: name, step }) => step % strides.get(name)! === 0)
    const bytes = Buffer.from(Float32Array.from(values, ({ value }) => value ?? NaN).buffer)
    if (!out.write(bytes)) await once(out, 'drain')
    const settings = Object.fromEntries(
      Object.entries(flattenConfig(run.config)).filter(([, value]) => value !== null && typeof value !== 'object')
    )
    list.push({
      name: run.name,
      settings,
      tags: run.tags,
      test: run.test,
      createdAt: run.createdAt,
      series
    })
  }
  out.end()
  await once(out, 'close')
  await writeFile(join(folder, 'runs.json'), JSON.stringify(list))
}

void main(process.argv.slice(2))
