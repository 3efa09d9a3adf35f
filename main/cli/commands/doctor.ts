/** `doctor RUN|DIR|DATASET`. */
import { stat } from 'node:fs/promises'
import type { Diagnosis, DiagnosisFinding, PreflightEvent, RunDiagnosis } from '@shared/domain/diagnosis'
import { presetConfig, presetMode } from '@shared/domain/presets'
import type { Run } from '@shared/domain/run'
import type { TrainingConfig } from '@shared/domain/training-config'
import { StudioError } from '@shared/errors'
import { formatDuration } from '@shared/text/format'
import { EXIT, type CommandContext, type ExitCode } from '../session'
import { findDataset, settingChanges, withChanges, type FitOptions } from './fit'

/**
 * A folder or a dataset is examined with the configuration that `fit` would train with the same options; anything that names a
 * run, that run.
 */
export async function doctor(context: CommandContext, reference: string, options: FitOptions): Promise<ExitCode> {
  const run = await findRun(context, reference)
  return run ? examineRun(context, run) : examineDataset(context, reference, options)
}

/** A folder is never a run, and a dataset's name goes before a run's. */
async function findRun({ studio }: CommandContext, reference: string): Promise<Run | null> {
  if (await stat(reference).catch(() => null)) return null
  const dataset = await studio.datasets.resolve(reference).catch(ignore('dataset/not-found'))
  return dataset ? null : studio.runs.resolve(reference).catch(ignore('run/not-found'))
}

const ignore =
  (code: string) =>
  (error: unknown): null => {
    if (error instanceof StudioError && error.code === code) return null
    throw error
  }

async function examineRun(context: CommandContext, run: Run): Promise<ExitCode> {
  const { studio, output, onInterrupt } = context
  const leaving = new AbortController()
  onInterrupt(() => leaving.abort())
  const diagnosis = await studio.doctor.run(run.id, leaving.signal)
  const { fit, verdict, confused, next } = diagnosis
  output.result(
    { run: run.id, name: run.name, fit, verdict, ...documentOf(diagnosis), confused, next },
    [verdict, '', textOf(diagnosis, run.config), ...nextText(next)].join('\n')
  )
  return EXIT.ok
}

async function examineDataset(context: CommandContext, reference: string, options: FitOptions): Promise<ExitCode> {
  const { studio, output, onInterrupt } = context
  const { preset } = options
  const mode = options.mode ?? presetMode(preset)
  const changes = settingChanges(options, presetConfig(preset, mode))
  withChanges(presetConfig(preset, mode), changes)
  const backboneId = options.backbone === undefined ? undefined : (await studio.models.resolve(options.backbone)).id
  if (backboneId !== undefined) changes.unshift(['backboneId', backboneId])
  const { dataset } = await findDataset(context, reference, options.splitSeed ?? options.seed)
  if (options.splitSeed !== undefined) await studio.datasets.resplit(dataset.id, options.splitSeed)
  const recommended = await studio.runs.defaults(dataset.id, mode, preset, backboneId)
  const config = withChanges(recommended.config, changes)
  const leaving = new AbortController()
  onInterrupt(() => leaving.abort())
  let last: PreflightEvent | null = null
  for await (const event of studio.doctor.preflight(dataset.id, config, leaving.signal)) last = event
  if (last?.type !== 'diagnosis') throw new StudioError('job/cancelled', 'The doctor was stopped.')
  const { diagnosis } = last
  output.result({ dataset: dataset.id, mode, preset, ...documentOf(diagnosis) }, textOf(diagnosis, config))
  return EXIT.ok
}

/** Worst first, pictures left out: they are for screens. */
function documentOf({ findings, checks, seconds }: Diagnosis): Record<string, unknown> {
  return {
    findings: findings.map(({ evidence: { text, value, expected }, ...finding }) => ({
      ...finding,
      evidence: { text, value, expected }
    })),
    checks,
    seconds
  }
}

const MARKS = { severe: '✗', warning: '!', info: '·' } as const

function textOf({ findings, checks, seconds }: Diagnosis, config: TrainingConfig): string {
  const count = (state: string): number => checks.filter((check) => check.state === state).length
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : ''
  const end = `${checks.length} checks in ${formatDuration(seconds)}: ${count('passed')} passed${skipped}.`
  if (findings.length === 0) return `Nothing found. ${end}`
  return [...findings.map((finding) => findingText(finding, config)), '', end].join('\n')
}

function findingText({ severity, code, title, evidence, repair }: DiagnosisFinding, { mode }: TrainingConfig): string {
  const lines = [`${MARKS[severity]} ${title}  [${code}]`, `  ${evidence.text}`]
  if (repair) {
    const settings = Object.entries(repair.changes).map(([key, value]) => asOption(key, value))
    lines.push(`  ${repair.label}: ${settings.join(' ') || `--mode ${mode}`}`)
  }
  return lines.join('\n')
}

function asOption(key: string, value: unknown): string {
  if (key === 'mode') return `--mode ${String(value)}`
  if (key === 'backboneId') return `--backbone ${String(value)}`
  const text = String(value)
  return `--set ${/[\s{}"]/.test(text) ? `'${key}=${text}'` : `${key}=${text}`}`
}

function nextText(next: RunDiagnosis['next']): string[] {
  if (next.length === 0) return []
  const lines = next.map(({ title, gain, seconds }, index) => {
    const points = `${(100 * gain.low).toFixed(0)} to ${(100 * gain.high).toFixed(0)} points`
    return `${index + 1}. ${title} (${points}, ${seconds === null ? 'by hand' : `about ${formatDuration(seconds)}`})`
  })
  return ['', 'What to try next:', ...lines]
}
